/** Everything that a device does for the screens of messages, over whatever store and wire it is given. */
import { ApiProblem, asProblem } from '$lib/api/problem';
import type { PersonCard } from '$lib/api/types';

import { Desk, ended, passes, type Me, type World } from './desk';
import { behind, endDevice, fillPackages, listDevices, openDevice, recoverDevice, resetDevice } from './device';
import { readAllHistory, readHistory, sendHistory } from './history';
import { showRecovery } from './keys';
import { flush, line, retryLine } from './outbox';
import { addPeople, begin, forgetTalk, removePerson, say, settleBeginnings } from './people';
import { disclosed, readPayload } from './payload';
import { allTalks, type OutRow } from './records';
import { findTalk, learn, putTalk, refresh, syncTalk } from './sync';
import { countSend, disclosure, friendsFirst, linesOf, savedFile, searchLines, talksOf } from './view';
import type { Code, Content, Line, Machine, OwnDevice, Ready, ReportCategory, Talk } from './types';

const RETRY_MS = 15_000;

export interface Told {
  /** Conversations that changed; none named means any. */
  changed(conversations: readonly string[]): void;
  ready(now: Ready): void;
}

export class Messenger implements Machine {
  readonly desk: Desk;
  readonly #told: Told;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #stopped = false;
  #ready: Ready = 'off';
  /** The device was looked at just now. */
  #looked = false;

  constructor(me: Me, world: World, told: Told) {
    this.desk = new Desk(me, world);
    this.#told = told;
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    return this.desk.world.alone(work);
  }

  #changed(...ids: string[]): void {
    this.desk.world.changed(ids);
  }

  #is(now: Ready): Ready {
    this.#ready = now;
    this.#told.ready(now);
    return now;
  }

  async start(): Promise<Ready> {
    const now = this.#is(await this.#alone(() => openDevice(this.desk)));
    this.#looked = true;
    if (now === 'on') this.#soon();
    return now;
  }

  stop(): void {
    this.#stopped = true;
    if (this.#retry) clearTimeout(this.#retry);
  }

  /** Syncs without anybody waiting for it: what goes wrong is tried again. */
  #soon(): void {
    this.sync().catch(() => this.#later());
  }

  #later(): void {
    if (this.#stopped || this.#retry) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#soon();
    }, RETRY_MS);
  }

  /** Does something that may wait for a better moment; what can't be put off is told. */
  async #putOff(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      if (!passes(cause) && !ended(cause)) throw cause;
      this.#later();
    }
  }

  /** Everything that may be behind, and what waits to be sent. */
  async sync(): Promise<void> {
    if (this.#ready !== 'on' || this.#stopped) return;
    await this.#putOff(() => this.#alone(() => this.#syncAll()));
    this.#changed();
  }

  async #syncAll(): Promise<void> {
    const { desk } = this;
    // Somebody may have ended it from another one, or taken a new key there.
    if (!this.#looked && (await openDevice(desk)) !== 'on') {
      this.#is('new-device');
      return;
    }
    this.#looked = false;
    desk.pins?.nextRound();
    await settleBeginnings(desk);
    const metas = await desk.wire.talks();
    for (const meta of metas) await learn(desk, meta);
    await this.#noticeLeft(metas.map((meta) => meta.id));
    let later: unknown = null;
    for (const id of await behind(desk)) {
      try {
        await syncTalk(desk, id);
      } catch (cause) {
        if (asProblem(cause).offline) throw cause;
        // One conversation that can't be opened doesn't keep the others waiting.
        if (passes(cause)) later = cause;
        else await this.#breakOff(id, asProblem(cause).message);
      }
      this.#changed(id);
    }
    await flush(desk);
    await sendHistory(desk);
    await fillPackages(desk);
    if (later !== null) throw later;
  }

  async #noticeLeft(there: readonly string[]): Promise<void> {
    for (const talk of await allTalks(this.desk.store, this.desk.keys)) {
      if (!talk.begun || there.includes(talk.id) || talk.meta.state === 'left') continue;
      await putTalk(this.desk, { ...talk, meta: { ...talk.meta, state: 'left' }, state: null });
    }
  }

  async #breakOff(id: string, why: string): Promise<void> {
    const talk = await findTalk(this.desk, id);
    if (talk) await putTalk(this.desk, { ...talk, broken: why || 'unknown' });
  }

  async hint(id: string, lastSeq: number): Promise<void> {
    if (this.#ready !== 'on') return;
    await this.#putOff(() =>
      this.#alone(async () => {
        const talk = await refresh(this.desk, id);
        if (!talk) await this.#left(id);
        else if (talk.state === null || talk.pending !== null || talk.cursor < Math.max(lastSeq, talk.meta.last_seq)) {
          await syncTalk(this.desk, id);
          await sendHistory(this.desk);
        }
      }),
    );
    this.#changed(id);
  }

  async #left(id: string): Promise<void> {
    const talk = await findTalk(this.desk, id);
    if (talk) await putTalk(this.desk, { ...talk, meta: { ...talk.meta, state: 'left' }, state: null });
  }

  talks(): Promise<Talk[]> {
    return talksOf(this.desk);
  }

  lines(id: string, count: number): Promise<Line[]> {
    return linesOf(this.desk, id, count);
  }

  async older(id: string): Promise<void> {
    await this.#putOff(() =>
      this.#alone(async () => {
        await readHistory(this.desk, id);
      }),
    );
  }

  /** Written down first, then sent as soon as it can be. */
  async #queue(id: string, write: () => Promise<void>): Promise<void> {
    await this.#alone(write);
    this.#changed(id);
    void this.#send();
  }

  /** Sends what waits. */
  async #send(): Promise<void> {
    await this.#putOff(() =>
      this.#alone(async () => {
        await flush(this.desk);
        await sendHistory(this.desk);
      }),
    ).catch(() => this.#later());
    this.#changed();
  }

  async send(id: string, content: Content): Promise<void> {
    await this.#queue(id, async () => {
      await say(this.desk, id, content);
      await countSend(this.desk, id);
    });
  }

  async retry(id: string, lineId: string): Promise<void> {
    await this.#queue(id, () => retryLine(this.desk, id, lineId));
  }

  async #mark(id: string, said: Parameters<typeof line>[3]): Promise<void> {
    await this.#queue(id, async () => {
      const draft = this.desk.draft();
      await line(this.desk, draft, id, said);
      await draft.commit();
    });
  }

  async react(id: string, seq: number, emoji: string): Promise<void> {
    await this.#mark(id, { type: 'reaction', to: seq, emoji });
  }

  async unsend(id: string, seq: number): Promise<void> {
    await this.desk.wire.empty(id, seq);
    await this.#mark(id, { type: 'unsend', to: seq });
  }

  async rename(id: string, title: string): Promise<void> {
    await this.#mark(id, { type: 'title', title: title.trim() });
  }

  async begin(handles: string[], first?: Content): Promise<string> {
    const id = await this.#alone(async () => {
      const begun = await begin(this.desk, handles, first);
      if (first) await countSend(this.desk, begun);
      return begun;
    });
    this.#changed(id);
    void this.#send();
    return id;
  }

  async add(id: string, handles: string[]): Promise<void> {
    await this.#alone(() => addPeople(this.desk, id, handles));
    this.#changed(id);
  }

  async remove(id: string, person: string): Promise<void> {
    await this.#alone(() => removePerson(this.desk, id, person));
    this.#changed(id);
  }

  async leave(id: string): Promise<void> {
    await this.#alone(async () => {
      await this.desk.wire.leave(id);
      await this.#left(id);
    });
    this.#changed(id);
  }

  async decline(id: string): Promise<void> {
    await this.#alone(async () => {
      await this.desk.wire.leave(id);
      await forgetTalk(this.desk, id);
    });
    this.#changed(id);
  }

  async accept(id: string): Promise<void> {
    await this.#alone(async () => {
      await this.desk.wire.accept(id);
      await refresh(this.desk, id);
      await syncTalk(this.desk, id);
    });
    this.#changed(id);
    void this.#send();
  }

  async mute(id: string, until: string | null): Promise<void> {
    await this.desk.wire.mute(id, until);
    await this.#alone(() => refresh(this.desk, id));
    this.#changed(id);
  }

  async read(id: string): Promise<void> {
    const talk = await findTalk(this.desk, id);
    if (!talk?.begun || talk.meta.read_seq >= talk.meta.last_seq) return;
    const seq = talk.meta.last_seq;
    await this.#putOff(async () => {
      await this.desk.wire.read(id, seq);
      await this.#alone(async () => {
        const now = await findTalk(this.desk, id);
        if (now) await putTalk(this.desk, { ...now, meta: { ...now.meta, read_seq: seq, unread: 0 } });
      });
    });
    this.#changed(id);
  }

  async typing(id: string): Promise<void> {
    await this.desk.wire.typing(id).catch((cause: unknown) => {
      // Nobody misses it.
      if (!(cause instanceof ApiProblem)) throw cause;
    });
  }

  search(text: string): Promise<Line[]> {
    return searchLines(this.desk, text);
  }

  recovery(): string {
    return showRecovery(this.desk.self.row.recovery);
  }

  async recover(code: string): Promise<void> {
    await this.#alone(() => recoverDevice(this.desk, code));
    this.#is('on');
    await this.sync();
  }

  async reset(): Promise<void> {
    await this.#alone(() => resetDevice(this.desk));
    this.#is('on');
    await this.sync();
  }

  devices(): Promise<OwnDevice[]> {
    return listDevices(this.desk);
  }

  async endDevice(id: string): Promise<void> {
    const own = await this.#alone(() => endDevice(this.desk, id));
    if (own) this.#is('new-device');
    this.#changed();
  }

  async #pins() {
    const { pins } = this.desk;
    if (!pins) throw new Error('messages are not open');
    return pins;
  }

  async code(handle: string): Promise<Code> {
    const code = await (await this.#pins()).code(handle);
    this.#changed();
    return code;
  }

  async #acceptKey(handle: string, verified: boolean): Promise<void> {
    await (await this.#pins()).accept(handle, verified);
    this.#changed();
    void this.#send();
  }

  async verify(handle: string): Promise<void> {
    await this.#acceptKey(handle, true);
  }

  async trust(handle: string): Promise<void> {
    await this.#acceptKey(handle, false);
  }

  async report(id: string, seqs: number[], category: ReportCategory, note: string): Promise<string> {
    const disclosures = [];
    for (const seq of seqs) {
      const row = await disclosure(this.desk, id, seq);
      if (row?.payload == null) continue;
      const payload = readPayload(new TextEncoder().encode(row.payload));
      disclosures.push({ seq, payload: new TextDecoder().decode(disclosed(payload)), fk: payload.fk });
    }
    const report = { seqs: disclosures, category, note };
    return (await this.desk.wire.report(id, report)).id;
  }

  async save(): Promise<Blob> {
    await this.#putOff(() => this.#alone(() => readAllHistory(this.desk)));
    return await savedFile(this.desk);
  }

  friendsFirst(): Promise<PersonCard[]> {
    return friendsFirst(this.desk);
  }

  /** Messages that are not sent yet. */
  async waiting(): Promise<number> {
    return (await this.desk.store.range<OutRow>('outbox', { prefix: this.desk.keys.all })).length;
  }
}
