/** Who the person is at the console: what the realm says of them, and the key on this device. */
import { asProblem, type ApiProblem } from '$lib/api/problem';
import type { StaffMe } from '$lib/api/types';
import { getStaffMe } from '$lib/services/staff';
import { canMakeKeys, findKey, type StaffKey } from '$lib/services/staff-key';

const LOOK_MS = 3000;

export class Standing {
  me = $state.raw<StaffMe | null>(null);
  key = $state.raw<StaffKey | null>(null);
  /** False where the browser can't make or use such keys. */
  able = $state(true);
  problem = $state.raw<ApiProblem | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(private readonly person: string) {}

  /** Enrolled, and the key that was enrolled is here. */
  get maySign(): boolean {
    return this.me?.state === 'enrolled' && this.key !== null && this.key.id === this.me.key_id;
  }

  /** Enrolled, but not with a key that this device has. */
  get keyLost(): boolean {
    return this.me !== null && ['enrolled', 'asked'].includes(this.me.state) && this.key?.id !== this.me.key_id;
  }

  /** Looks once, and again while an enrolment waits for its keyholder. */
  async look(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      const [me, key, able] = await Promise.all([
        getStaffMe(),
        findKey(this.person).catch(() => null),
        canMakeKeys(),
      ]);
      [this.me, this.key, this.able, this.problem] = [me, key, able, null];
    } catch (cause) {
      this.problem = asProblem(cause);
    }
    if (!this.#stopped && this.me?.state === 'asked') this.#timer = setTimeout(() => void this.look(), LOOK_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
