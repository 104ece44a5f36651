/** Whose key is whose: the identity key that was seen first is remembered, and any other is shown. */
import { asProblem } from '$lib/api/problem';
import { equal } from '$lib/verify/bytes';
import { Fault } from '$lib/verify/fault';

import type { Desk } from './desk';
import { fromBase64Url, isCertified, shortCode } from './keys';
import type { Leaf } from './mls';
import { allTalks, type PinRow } from './records';
import type { Code } from './types';

export class Pins {
  /** What was judged already; identity keys never un-sign anything. */
  readonly #judged = new Set<string>();
  /** Handles that people may be asked for by. */
  readonly #handles = new Map<string, string>();
  /** Asked in this round already. */
  readonly #asked = new Set<string>();
  /** The key whose code was shown last: no other one is accepted. */
  readonly #shown = new Map<string, Uint8Array>();

  constructor(readonly desk: Desk) {}

  learn(person: string, handle: string): void {
    this.#handles.set(person, handle);
  }

  /** Whether anything can be known of this person's key. */
  async askable(person: string): Promise<boolean> {
    return person === this.desk.me.id || this.#handles.has(person) || (await this.find(person)) !== undefined;
  }

  /** People are asked for anew from now on. */
  nextRound(): void {
    this.#asked.clear();
  }

  async find(person: string): Promise<PinRow | undefined> {
    return await this.desk.store.get<PinRow>('pins', this.desk.keys.one(person));
  }

  async #put(pin: PinRow): Promise<void> {
    await this.desk.store.write([{ table: 'pins', key: this.desk.keys.one(pin.person), value: pin }]);
  }

  /** Fetches a person's identity key: pins the first one, and notes another. */
  async fetch(handle: string): Promise<PinRow> {
    const found = await this.desk.wire.person(handle);
    const key = fromBase64Url(found.identity_key, 32);
    const pin = await this.find(found.person_id);
    if (!pin) {
      const made = { person: found.person_id, handle, key, verified: false, changed: null, old: [] };
      await this.#put(made);
      return made;
    }
    const other = equal(pin.key, key) ? null : key;
    const same = other === null ? pin.changed === null : pin.changed !== null && equal(pin.changed, other);
    const next = { ...pin, handle: found.handle, changed: other };
    if (!same || pin.handle !== next.handle) await this.#put(next);
    return next;
  }

  async #ask(person: string): Promise<PinRow | undefined> {
    const handle = this.#handles.get(person);
    if (handle === undefined || this.#asked.has(person)) return await this.find(person);
    this.#asked.add(person);
    try {
      return await this.fetch(handle);
    } catch (cause) {
      if (asProblem(cause).gone) return await this.find(person);
      this.#asked.delete(person);
      throw cause;
    }
  }

  /** Whether a leaf is a device of the person it names, by a key that is or was theirs. */
  async certified(leaf: Omit<Leaf, 'index'>): Promise<boolean> {
    const fits = (key: Uint8Array) => isCertified(key, leaf.person, leaf.device, leaf.key, leaf.certificate);
    if (leaf.person === this.desk.me.id) return fits(this.desk.self.identity.key);
    const name = `${leaf.person}/${leaf.device}/${leaf.key.join()}/${leaf.certificate.join()}`;
    if (this.#judged.has(name)) return true;
    const keysOf = (pin: PinRow | undefined) => (pin ? [pin.key, ...(pin.changed ? [pin.changed] : []), ...pin.old] : []);
    const pin = await this.find(leaf.person);
    const fine = keysOf(pin).some(fits) || keysOf(await this.#ask(leaf.person)).some(fits);
    if (fine) this.#judged.add(name);
    return fine;
  }

  /** Those of these people whose key is another one than was seen first. */
  async changed(people: readonly string[]): Promise<string[]> {
    const pins = await Promise.all(people.map((person) => this.find(person)));
    return pins.filter((pin) => pin?.changed).map((pin) => (pin as PinRow).person);
  }

  async code(handle: string): Promise<Code> {
    const pin = await this.fetch(handle);
    const { me, self } = this.desk;
    const theirs = { person: pin.person, key: pin.changed ?? pin.key };
    this.#shown.set(handle, theirs.key);
    return {
      digits: await shortCode({ person: me.id, key: self.identity.key }, theirs),
      verified: pin.verified && pin.changed === null,
      changed: pin.changed !== null,
    };
  }

  /** Takes the key that is shown now for theirs. @returns the conversations that this concerns */
  async accept(handle: string, verified: boolean): Promise<string[]> {
    const pins = await this.desk.store.range<PinRow>('pins', { prefix: this.desk.keys.all });
    const pin = pins.find((one) => one.handle === handle);
    if (!pin) return [];
    const shown = this.#shown.get(handle);
    // It changed again while it was being compared.
    if (verified && (!shown || !equal(shown, pin.changed ?? pin.key))) throw new Fault('signature', 'another key than was shown');
    const old = pin.changed ? [...pin.old, pin.key] : pin.old;
    const kept = pin.changed ? verified : verified || pin.verified;
    await this.#put({ ...pin, key: pin.changed ?? pin.key, changed: null, old, verified: kept });
    const talks = await allTalks(this.desk.store, this.desk.keys);
    return talks.filter((talk) => talk.meta.members.some((one) => one.person.id === pin.person)).map((talk) => talk.id);
  }
}
