/** A realm's side of messages in memory, with the rules that clients rely on: order, epochs, and each thing once. */
import { ApiProblem, offlineProblem } from '$lib/api/problem';
import { Messenger } from '$lib/messages/messenger';
import { LocalMemoryStore, TABLES, type Change, type Store } from '$lib/messages/store';
import type {
  Wire,
  WireCommit,
  WireDevice,
  WireEntry,
  WireMember,
  WireMessage,
  WireReport,
  WireTalk,
} from '$lib/messages/wire';

interface Person {
  id: string;
  handle: string;
  identity: string | null;
  devices: WireDevice[];
  packages: Map<string, { once: string[]; last: string | null }>;
}

interface Member {
  state: 'member' | 'requested' | 'left';
  role: 'admin' | 'member';
  devices: string[];
  read: number;
  firstSeq: number;
}

interface Conversation {
  id: string;
  kind: 'pair' | 'group';
  epoch: number;
  groupInfo: string;
  log: WireEntry[];
  /** Entries up to this number are gone. */
  forgotten: number;
  members: Map<string, Member>;
  welcomes: Map<string, { seq: number; welcome: string }>;
}

export function problem(status: number, code: string, fields: Record<string, string> = {}): ApiProblem {
  return new ApiProblem({ type: 'about:blank', title: code, detail: '', status, code, fields });
}

const gone = () => problem(404, 'http.404');

export class MemoryRealm {
  readonly people = new Map<string, Person>();
  readonly conversations = new Map<string, Conversation>();
  readonly histories = new Map<string, Map<number, string>>();
  readonly reports: WireReport[] = [];
  /** What was asked, in order: who, and what. */
  readonly asked: { person: string; what: string; body: string }[] = [];
  /** Who hides from whom: `one/other`. */
  readonly hiding = new Set<string>();
  /** People who are asked first. */
  readonly requested = new Set<string>();
  #clock = Date.parse('2026-11-22T10:00:00Z');

  /** A realm in the same state, on its own from now on. */
  copy(): MemoryRealm {
    const made = new MemoryRealm();
    for (const name of ['people', 'conversations', 'histories'] as const) {
      const to = made[name] as Map<unknown, unknown>;
      for (const [key, value] of structuredClone(this[name])) to.set(key, value);
    }
    made.#clock = this.#clock;
    return made;
  }

  now(): Date {
    this.#clock += 1000;
    return new Date(this.#clock);
  }

  person(handle: string): Person {
    const found = [...this.people.values()].find((one) => one.handle === handle);
    if (!found) throw gone();
    return found;
  }

  join(handle: string): Person {
    const made: Person = { id: crypto.randomUUID(), handle, identity: null, devices: [], packages: new Map() };
    this.people.set(made.id, made);
    return made;
  }

  #mine(me: Person, id: string): { talk: Conversation; member: Member } {
    const talk = this.conversations.get(id);
    const member = talk?.members.get(me.id);
    if (!talk || !member || member.state === 'left') throw gone();
    return { talk, member };
  }

  #device(me: Person, id: string): void {
    if (!me.devices.some((one) => one.id === id)) throw problem(409, 'messages.unknown_device');
  }

  #append(talk: Conversation, entry: Omit<WireEntry, 'seq' | 'at'>): WireEntry {
    const made = { ...entry, seq: talk.log.length + 1, at: this.now().toISOString() };
    talk.log.push(made);
    return made;
  }

  #welcome(talk: Conversation, seq: number, welcome: string | null, devices: readonly string[]): void {
    for (const id of devices) {
      const owner = [...this.people.values()].find((one) => one.devices.some((device) => device.id === id));
      const member = owner && talk.members.get(owner.id);
      if (!member || member.state === 'left') continue;
      if (welcome !== null) talk.welcomes.set(id, { seq, welcome });
      if (!member.devices.includes(id)) member.devices.push(id);
    }
  }

  #shown(me: Person, talk: Conversation): WireTalk {
    const own = talk.members.get(me.id) as Member;
    const members = [...talk.members].map(([id, one]): WireMember => {
      const person = this.people.get(id) as Person;
      const handle = this.hiding.has(`${person.handle}/${me.handle}`) ? '' : person.handle;
      const card = { id, handle, display_name: handle, avatar_url: null };
      return { person: card, state: one.state, role: one.role, read_seq: one.read, devices: [...one.devices] };
    });
    const lastSeq = talk.log.length;
    return {
      id: talk.id,
      kind: talk.kind,
      members,
      state: own.state,
      role: own.role,
      epoch: talk.epoch,
      last_seq: lastSeq,
      last_at: talk.log.at(-1)?.at ?? this.now().toISOString(),
      read_seq: own.read,
      muted_until: null,
      first_seq: own.firstSeq,
      unread: lastSeq - own.read,
    };
  }

  #commit(me: Person, id: string, made: WireCommit): { seq: number; epoch: number } {
    const { talk, member } = this.#mine(me, id);
    this.#device(me, made.device_id);
    const known = talk.log.find((one) => one.device_id === made.device_id && one.id === made.id);
    if (known) return { seq: known.seq, epoch: known.epoch + 1 };
    if (made.epoch !== talk.epoch) throw problem(409, 'messages.epoch_passed', { epoch: String(talk.epoch) });
    if (member.role !== 'admin' && made.add.length > 0) throw problem(403, 'messages.not_admin');
    for (const person of made.remove) {
      const other = talk.members.get(person);
      if (other) Object.assign(other, { state: 'left', devices: [] });
    }
    for (const handle of made.add) {
      const firstSeq = talk.log.length + 2;
      talk.members.set(this.person(handle).id, { state: 'member', role: 'member', devices: [], read: 0, firstSeq });
    }
    const { seq } = this.#append(talk, {
      kind: 'commit',
      id: made.id,
      sender_id: me.id,
      device_id: made.device_id,
      epoch: made.epoch,
      body: made.commit,
      commitment: null,
    });
    talk.epoch += 1;
    talk.groupInfo = made.group_info;
    this.#welcome(talk, seq, made.welcome, [...made.welcomed]);
    if (!member.devices.includes(made.device_id)) member.devices.push(made.device_id);
    return { seq, epoch: talk.epoch };
  }

  #send(me: Person, id: string, message: WireMessage): { seq: number; at: string } {
    const { talk, member } = this.#mine(me, id);
    this.#device(me, message.device_id);
    const known = talk.log.find((one) => one.device_id === message.device_id && one.id === message.id);
    if (known) return { seq: known.seq, at: known.at };
    if (member.state === 'requested') throw problem(409, 'messages.not_accepted');
    if (message.epoch !== talk.epoch) throw problem(409, 'messages.epoch_passed', { epoch: String(talk.epoch) });
    return this.#append(talk, { ...message, kind: 'message', sender_id: me.id });
  }

  #begin(me: Person, made: Parameters<Wire['begin']>[0]): WireTalk {
    const there = this.conversations.get(made.id);
    if (there) return this.#shown(me, there);
    const others = made.people.map((handle) => this.person(handle));
    const pair = [...this.conversations.values()].find(
      (one) => one.kind === 'pair' && made.kind === 'pair' && one.members.has(me.id) && others.every((other) => one.members.has(other.id)),
    );
    if (pair) throw problem(409, 'messages.pair_exists', { id: pair.id });
    const members = new Map<string, Member>([
      [me.id, { state: 'member', role: 'admin', devices: [made.device_id], read: 0, firstSeq: 1 }],
      ...others.map((other): [string, Member] => [
        other.id,
        { state: this.requested.has(other.handle) ? 'requested' : 'member', role: 'member', devices: [], read: 0, firstSeq: 2 },
      ]),
    ]);
    const { id, kind, group_info: groupInfo } = made;
    const talk: Conversation = { id, kind, epoch: 1, groupInfo, log: [], forgotten: 0, members, welcomes: new Map() };
    this.conversations.set(id, talk);
    this.#append(talk, {
      kind: 'commit',
      id,
      sender_id: me.id,
      device_id: made.device_id,
      epoch: 0,
      body: made.commit,
      commitment: null,
    });
    this.#welcome(talk, 1, made.welcome, made.welcomed);
    return this.#shown(me, talk);
  }

  #endDevice(me: Person, id: string): void {
    if (!me.devices.some((one) => one.id === id)) throw gone();
    me.devices = me.devices.filter((one) => one.id !== id);
    me.packages.delete(id);
    for (const talk of this.conversations.values()) {
      talk.welcomes.delete(id);
      const member = talk.members.get(me.id);
      if (member) member.devices = member.devices.filter((one) => one !== id);
    }
  }

  wire(me: Person): Wire {
    const historyOf = (id: string) => {
      const key = `${me.id}/${id}`;
      const found = this.histories.get(key) ?? new Map<number, string>();
      this.histories.set(key, found);
      return found;
    };
    const answers: Wire = {
      identity: async () => ({ identity_key: me.identity, devices: structuredClone(me.devices) }),
      putIdentity: async (key, replaces) => {
        if (me.identity === key) return;
        if (me.identity !== null && me.identity !== replaces) throw problem(409, 'messages.identity_exists');
        for (const one of [...me.devices]) this.#endDevice(me, one.id);
        me.identity = key;
      },
      addDevice: async (device) => {
        me.devices.push({ ...device, made_at: this.now().toISOString(), seen_on: null });
      },
      endDevice: async (id) => this.#endDevice(me, id),
      putPackages: async (id, packages, last) => {
        const kept = me.packages.get(id) ?? { once: [], last: null };
        kept.once.push(...packages);
        kept.last = last ?? kept.last;
        me.packages.set(id, kept);
        return kept.once.length;
      },
      packagesLeft: async (id) => me.packages.get(id)?.once.length ?? 0,
      person: async (handle) => {
        const other = this.person(handle);
        if (other.identity === null || this.hiding.has(`${handle}/${me.handle}`)) throw gone();
        return { person_id: other.id, handle, identity_key: other.identity };
      },
      claim: async (people) => {
        const claimed = [];
        const without = [];
        for (const handle of people) {
          const other = this.person(handle);
          const before = claimed.length;
          for (const device of other.devices) {
            const kept = other.packages.get(device.id);
            const bytes = kept?.once.shift() ?? kept?.last;
            if (bytes) claimed.push({ person_id: other.id, handle, device_id: device.id, package: bytes });
          }
          if (claimed.length === before) without.push(handle);
        }
        return { claimed, without };
      },
      talks: async () =>
        [...this.conversations.values()]
          .filter((talk) => (talk.members.get(me.id)?.state ?? 'left') !== 'left')
          .map((talk) => this.#shown(me, talk)),
      talk: async (id) => this.#shown(me, this.#mine(me, id).talk),
      begin: async (made) => this.#begin(me, made),
      leave: async (id) => {
        Object.assign(this.#mine(me, id).member, { state: 'left', devices: [] });
      },
      accept: async (id) => {
        this.#mine(me, id).member.state = 'member';
      },
      mute: async () => undefined,
      read: async (id, seq) => {
        const { member } = this.#mine(me, id);
        member.read = Math.max(member.read, seq);
      },
      typing: async () => undefined,
      groupInfo: async (id) => {
        const { talk } = this.#mine(me, id);
        return { epoch: talk.epoch, group_info: talk.groupInfo };
      },
      welcome: async (id, device) => this.#mine(me, id).talk.welcomes.get(device) ?? null,
      dropWelcome: async (id, device) => {
        this.conversations.get(id)?.welcomes.delete(device);
      },
      commit: async (id, made) => this.#commit(me, id, made),
      send: async (id, message) => this.#send(me, id, message),
      entries: async (id, after) => {
        const { talk, member } = this.#mine(me, id);
        const items = talk.log.filter((one) => one.seq > Math.max(after, talk.forgotten) && one.seq >= member.firstSeq).slice(0, 3);
        return { items: structuredClone(items), last_seq: talk.log.length };
      },
      empty: async (id, seq) => {
        const entry = this.#mine(me, id).talk.log[seq - 1];
        if (!entry || entry.sender_id !== me.id) throw gone();
        Object.assign(entry, { kind: 'removed', body: null });
      },
      keep: async (id, items) => {
        for (const { seq, body } of items) if (!historyOf(id).has(seq)) historyOf(id).set(seq, body);
      },
      kept: async (id, before) => {
        const all = [...historyOf(id)].filter(([seq]) => before === null || seq < before).sort(([a], [b]) => b - a);
        const items = all.slice(0, 2).map(([seq, body]) => ({ seq, body, at: '' }));
        return { items, last: all.length <= 2 };
      },
      report: async (_id, report) => {
        this.reports.push(report);
        return { id: crypto.randomUUID() };
      },
    };
    return this.#watched(me, answers);
  }

  /** As over a network: texts on both ways, and noted down. */
  #watched(me: Person, answers: Wire): Wire {
    const watched = Object.entries(answers).map(([what, answer]) => [
      what,
      async (...said: unknown[]) => {
        this.asked.push({ person: me.handle, what, body: JSON.stringify(said) });
        const given: unknown = await (answer as (...all: unknown[]) => Promise<unknown>)(...said);
        return given === undefined ? undefined : (JSON.parse(JSON.stringify(given)) as unknown);
      },
    ]);
    return Object.fromEntries(watched) as unknown as Wire;
  }
}

/** The page is gone at this moment: nothing of what comes after happens. */
export class Crash extends Error {
  override name = 'Crash';
}

/** One device of one person: a store that lasts, and one page after the other over it. */
export class Device {
  readonly store = new LocalMemoryStore();
  machine: Messenger;
  offline = false;
  /** Crashes when the counter of steps reaches it; a step is a write, or the way to or from the realm. */
  crashAt = Infinity;
  steps = 0;
  /** Between asking and answering: what another device does at the very same time. */
  meanwhile: ((what: string) => Promise<void>) | null = null;
  #alive = { now: true };

  constructor(
    readonly realm: MemoryRealm,
    readonly person: Person,
  ) {
    this.machine = this.#page();
  }

  #step(): void {
    this.steps += 1;
    if (this.steps >= this.crashAt) throw new Crash();
  }

  #page(): Messenger {
    const alive = { now: true };
    this.#alive = alive;
    const still = () => {
      if (!alive.now) throw new Crash();
    };
    const store: Store = {
      get: (table, key) => this.store.get(table, key),
      range: (table, range) => this.store.range(table, range),
      keysOf: (table, prefix) => this.store.keysOf(table, prefix),
      write: async (changes: readonly Change[]) => {
        still();
        this.#step();
        await this.store.write(changes);
      },
    };
    const direct = this.realm.wire(this.person);
    const wire = Object.fromEntries(
      Object.entries(direct).map(([what, act]) => [
        what,
        async (...said: unknown[]) => {
          still();
          if (this.offline) throw offlineProblem();
          await this.meanwhile?.(what);
          this.#step();
          const answer: unknown = await (act as (...all: unknown[]) => Promise<unknown>)(...said);
          this.#step();
          return answer;
        },
      ]),
    ) as unknown as Wire;
    let last: Promise<unknown> = Promise.resolve();
    const world = {
      store,
      wire,
      now: () => this.realm.now(),
      uuid: () => crypto.randomUUID(),
      packages: 2,
      label: () => 'Browser',
      alone: <T>(work: () => Promise<T>): Promise<T> => {
        const now = last.then(work, work);
        last = now.catch(() => undefined);
        return now;
      },
      changed: () => undefined,
    };
    return new Messenger(this.person, world, { changed: () => undefined, ready: () => undefined });
  }

  /** The same device in a copy of its realm, with a page of its own that is not opened yet. */
  async copyTo(realm: MemoryRealm): Promise<Device> {
    const made = new Device(realm, realm.people.get(this.person.id) as Person);
    for (const table of TABLES) {
      for (const key of await this.store.keysOf(table, '')) {
        await made.store.write([{ table, key, value: await this.store.get(table, key) }]);
      }
    }
    return made;
  }

  /** The page is closed, and opened again over the same store. */
  async reopen(): Promise<void> {
    this.#alive.now = false;
    this.machine.stop();
    this.crashAt = Infinity;
    this.machine = this.#page();
    await this.open();
  }

  async open(): Promise<void> {
    await this.machine.start();
    await this.settle();
  }

  /** Until everything that can be done now is done. */
  async settle(): Promise<void> {
    await this.machine.sync();
    await this.machine.sync();
  }

  async texts(id: string): Promise<string[]> {
    const lines = await this.machine.lines(id, 1000);
    return lines.filter((line) => line.type === 'text' && !line.unsent).map((line) => line.text ?? '');
  }
}

export async function device(realm: MemoryRealm, handle: string): Promise<Device> {
  const person = [...realm.people.values()].find((one) => one.handle === handle) ?? realm.join(handle);
  const made = new Device(realm, person);
  await made.open();
  return made;
}

export async function settleAll(...devices: Device[]): Promise<void> {
  for (const one of devices) await one.settle();
}
