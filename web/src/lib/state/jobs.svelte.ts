/** Things the realm does for a person in the background: looked at until each has come to an end. */
import { asProblem, type ApiProblem } from '$lib/api/problem';
import { screen } from '$lib/state/screen.svelte';

const LOOK_MS = 1200;

export class JobList<T extends { id: string; state: string }> {
  items = $state.raw<T[]>([]);
  started = $state(false);
  problem = $state.raw<ApiProblem | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stopped = false;

  constructor(
    private readonly fetch: () => Promise<T[]>,
    private readonly busy: (item: T) => boolean,
  ) {}

  get first(): T | null {
    return this.items[0] ?? null;
  }

  async look(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.items = await this.fetch();
      this.started = true;
      this.problem = null;
    } catch (cause) {
      // What is known stays on the screen; only a first look has nothing to show.
      this.problem = asProblem(cause);
    }
    if (this.#stopped) return;
    const waiting = this.items.some(this.busy) && (this.started || screen.online);
    if (waiting) this.#timer = setTimeout(() => void this.look(), LOOK_MS);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
