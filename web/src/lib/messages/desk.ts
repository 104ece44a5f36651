/** What all parts of messages work with on one device of one person. */
import { ApiProblem } from '$lib/api/problem';

import { historyKeyOf, identityOf, certify, type Identity } from './keys';
import { thaw, type DeviceKeys, type State } from './mls';
import { Keys, type SelfRow } from './records';
import { Draft, type Store } from './store';
import type { Pins } from './pins';
import type { Wire } from './wire';

export interface World {
  store: Store;
  wire: Wire;
  now(): Date;
  uuid(): string;
  /** How many key packages to keep at the realm. */
  packages: number;
  /** What to call this device. */
  label(): string;
  /** One after the other, over all of this person's tabs. */
  alone<T>(work: () => Promise<T>): Promise<T>;
  /** Something is different in these conversations. */
  changed(conversations: readonly string[]): void;
}

export interface Me {
  id: string;
  handle: string;
}

/** An unlocked device: its keys, and what the person's recovery key leads to. */
export interface Unlocked {
  row: SelfRow;
  identity: Identity;
  historyKey: Uint8Array<ArrayBuffer>;
  keys: DeviceKeys;
}

export async function unlock(me: Me, row: SelfRow): Promise<Unlocked> {
  const identity = await identityOf(row.recovery);
  const certificate = certify(identity, me.id, row.device, row.publicKey);
  return {
    row,
    identity,
    historyKey: await historyKeyOf(row.recovery),
    keys: { person: me.id, device: row.device, publicKey: row.publicKey, signKey: row.signKey, certificate },
  };
}

export class Locked extends Error {
  override name = 'Locked';
}

export class Desk {
  readonly keys: Keys;
  #open: Unlocked | null = null;
  pins: Pins | null = null;

  constructor(
    readonly me: Me,
    readonly world: World,
  ) {
    this.keys = new Keys(me.id);
  }

  get store(): Store {
    return this.world.store;
  }

  get wire(): Wire {
    return this.world.wire;
  }

  /** @throws Locked before the device is set up */
  get self(): Unlocked {
    if (!this.#open) throw new Locked('this device has no keys');
    return this.#open;
  }

  get unlocked(): boolean {
    return this.#open !== null;
  }

  set self(open: Unlocked | null) {
    this.#open = open;
  }

  draft(): Draft {
    return new Draft(this.store);
  }

  thaw(bytes: Uint8Array): State {
    const { pins } = this;
    if (!pins) throw new Locked('nobody can be judged yet');
    return thaw(bytes, (leaf) => pins.certified(leaf));
  }
}

export const isProblem = (cause: unknown, code: string): boolean => cause instanceof ApiProblem && cause.code === code;
/** Whether asking again later may succeed. */
export const passes = (cause: unknown): boolean =>
  cause instanceof ApiProblem && (cause.offline || cause.status === 429 || cause.status === 401 || cause.status >= 500);
/** Whether this device was ended meanwhile, which the next sync finds out. */
export const ended = (cause: unknown): boolean => isProblem(cause, 'messages.unknown_device');
