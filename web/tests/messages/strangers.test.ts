import { afterEach, expect, test, vi } from 'vitest';

import { certify, fromBase64Url, identityOf, makeRecovery, toBase64Url, uuidBytes } from '$lib/messages/keys';
import { change, epochOf, freeze, joinFromOutside, leavesOf, makePackage, makeSignatureKeys, seal, type DeviceKeys } from '$lib/messages/mls';
import { commitmentOf, makePayload, padded } from '$lib/messages/payload';
import type { TalkRow } from '$lib/messages/records';

import { device, Device, MemoryRealm, settleAll } from './realm';

const open: Device[] = [];

vi.setConfig({ testTimeout: 60_000 });

async function two(): Promise<[MemoryRealm, Device, Device, string]> {
  const realm = new MemoryRealm();
  const [ana, ben] = [await device(realm, 'ana'), await device(realm, 'ben')];
  open.push(ana, ben);
  const id = await ana.machine.begin(['ben'], { text: '1' });
  await settleAll(ana, ben);
  return [realm, ana, ben, id];
}

afterEach(() => {
  for (const one of open.splice(0)) one.machine.stop();
});

/** A device in a person's name, vouched for by a key of whoever made it up. */
async function madeUp(person: string): Promise<DeviceKeys> {
  const made = await makeSignatureKeys();
  const id = crypto.randomUUID();
  const certificate = certify(await identityOf(makeRecovery()), person, id, made.publicKey);
  return { person, device: id, ...made, certificate };
}

const anyone = () => Promise.resolve(true);

async function stateOf(one: Device, id: string) {
  const row = await one.store.get<TalkRow>('talks', `${one.person.id}|${id}`);
  return one.machine.desk.thaw(row?.state ?? new Uint8Array());
}

function append(realm: MemoryRealm, id: string, entry: object): void {
  const talk = realm.conversations.get(id);
  talk?.log.push({
    seq: talk.log.length + 1,
    at: realm.now().toISOString(),
    id: crypto.randomUUID(),
    device_id: crypto.randomUUID(),
    commitment: null,
    ...entry,
  } as never);
}

test('a device that the realm made up in a member’s name is not let in from outside', async () => {
  const [realm, ana, ben, id] = await two();
  const ghost = await madeUp(ben.person.id);
  const talk = realm.conversations.get(id);
  const joined = await joinFromOutside(uuidBytes(id), fromBase64Url(talk?.groupInfo ?? ''), ghost, anyone);
  append(realm, id, { kind: 'commit', sender_id: ben.person.id, epoch: talk?.epoch, body: toBase64Url(joined.commit) });
  Object.assign(talk ?? {}, { epoch: 2, groupInfo: toBase64Url(joined.groupInfo) });
  await settleAll(ana);
  expect((await ana.machine.talks())[0]).toMatchObject({ broken: true });
  expect(leavesOf(await stateOf(ana, id)).map((leaf) => leaf.device)).not.toContain(ghost.device);
  const sends = realm.asked.filter((one) => one.what === 'send').length;
  await ana.machine.send(id, { text: 'for ben only' });
  await settleAll(ana);
  expect(realm.asked.filter((one) => one.what === 'send')).toHaveLength(sends);
});

test('somebody who was never in it does not come in from outside, certified or not', async () => {
  const [realm, ana, , id] = await two();
  const eve = await device(realm, 'eve');
  open.push(eve);
  const { keys } = eve.machine.desk.self;
  const talk = realm.conversations.get(id);
  const joined = await joinFromOutside(uuidBytes(id), fromBase64Url(talk?.groupInfo ?? ''), keys, anyone);
  append(realm, id, { kind: 'commit', sender_id: eve.person.id, epoch: 1, body: toBase64Url(joined.commit) });
  talk?.members.set(eve.person.id, { state: 'member', role: 'member', devices: [keys.device], read: 0, firstSeq: 1 });
  await settleAll(ana);
  expect((await ana.machine.talks())[0]).toMatchObject({ broken: true });
  expect(leavesOf(await stateOf(ana, id)).map((leaf) => leaf.person)).not.toContain(eve.person.id);
});

test('a package that is not certified by its person begins nothing', async () => {
  const [realm, ana] = await two();
  const cleo = await device(realm, 'cleo');
  open.push(cleo);
  const made = await makePackage({ ...(await madeUp(cleo.person.id)), device: cleo.machine.desk.self.row.device });
  for (const kept of cleo.person.packages.values()) kept.once.unshift(toBase64Url(made.bytes));
  await expect(ana.machine.begin(['cleo'], { text: 'hello' })).rejects.toMatchObject({
    code: 'messages.not_possible',
    fields: { cleo: 'without' },
  });
  expect(realm.conversations.size).toBe(1);
});

test('a new key is shown, holds what is sent, and lets it go once it is accepted', async () => {
  const [realm, ana, ben, id] = await two();
  const [mine, theirs] = [await ana.machine.code('ben'), await ben.machine.code('ana')];
  expect(mine.digits).toEqual(theirs.digits);
  expect(mine.digits).toHaveLength(12);
  await ana.machine.verify('ben');
  expect(await ana.machine.code('ben')).toMatchObject({ verified: true, changed: false });
  await ben.machine.reset();
  await settleAll(ben, ana);
  expect(await ana.machine.code('ben')).toMatchObject({ verified: false, changed: true });
  expect((await ana.machine.talks())[0]).toMatchObject({ held: [ben.person.id], broken: false });
  await ana.machine.send(id, { text: 'who are you?' });
  await settleAll(ana, ben);
  expect((await ana.machine.lines(id, 9)).at(-1)).toMatchObject({ text: 'who are you?', state: 'waiting' });
  expect(await ben.texts(id)).toEqual([]);
  const again = await ana.machine.code('ben');
  expect(again.digits).not.toEqual(mine.digits);
  await ana.machine.verify('ben');
  await settleAll(ana, ben);
  expect(await ben.texts(id)).toEqual(['who are you?']);
  expect((await ana.machine.talks())[0]).toMatchObject({ held: [] });
  expect(leavesOf(await stateOf(ana, id))).toHaveLength(2);
  expect(realm.conversations.size).toBe(1);
});

test('a message whose commitment is of something else is not shown', async () => {
  const [realm, ana, ben, id] = await two();
  const state = await stateOf(ben, id);
  const payload = makePayload({ id: crypto.randomUUID(), type: 'text', text: 'not what it says' });
  const other = await commitmentOf(makePayload({ id: payload.id, type: 'text', text: 'something kind' }));
  const right = await commitmentOf(payload);
  const wrongInside = await seal(state, padded(payload), other);
  const wrongBeside = await seal(wrongInside.state, padded(payload), right);
  for (const [made, beside] of [
    [wrongInside, other],
    [wrongBeside, other],
  ] as const) {
    append(realm, id, {
      kind: 'message',
      sender_id: ben.person.id,
      epoch: epochOf(state),
      body: toBase64Url(made.body),
      commitment: toBase64Url(beside),
    });
  }
  await settleAll(ana);
  expect((await ana.machine.lines(id, 9)).map((line) => line.type)).toEqual(['text', 'unknown', 'unknown']);
  expect(await ana.machine.search('kind')).toEqual([]);
});

test('what the log says of a sender counts for nothing', async () => {
  const [realm, ana, ben, id] = await two();
  const state = await stateOf(ben, id);
  const payload = makePayload({ id: crypto.randomUUID(), type: 'text', text: 'by ben' });
  const commitment = await commitmentOf(payload);
  const made = await seal(state, padded(payload), commitment);
  append(realm, id, {
    kind: 'message',
    sender_id: ana.person.id,
    epoch: epochOf(state),
    body: toBase64Url(made.body),
    commitment: toBase64Url(commitment),
  });
  await settleAll(ana);
  expect((await ana.machine.lines(id, 9)).at(-1)).toMatchObject({ text: 'by ben', mine: false, sender: ben.person.id });
});

test('a third person is not let into a pair, not even by one of the two', async () => {
  const [realm, ana, ben, id] = await two();
  const eve = await device(realm, 'eve');
  open.push(eve);
  ben.machine.desk.pins?.learn(eve.person.id, 'eve');
  const state = await stateOf(ben, id);
  const { bytes } = await makePackage(eve.machine.desk.self.keys);
  const made = await change(state, [bytes], []);
  append(realm, id, { kind: 'commit', sender_id: ben.person.id, epoch: epochOf(state), body: toBase64Url(made.commit) });
  const talk = realm.conversations.get(id);
  talk?.members.set(eve.person.id, { state: 'member', role: 'member', devices: [], read: 0, firstSeq: 1 });
  await settleAll(ana);
  expect((await ana.machine.talks())[0]).toMatchObject({ broken: true });
  expect(freeze(await stateOf(ana, id))).not.toEqual(freeze(made.state));
});

test('who hides from one of a group is brought in by the others, and hides their words, too', async () => {
  const realm = new MemoryRealm();
  const [ana, ben, cleo] = [await device(realm, 'ana'), await device(realm, 'ben'), await device(realm, 'cleo')];
  const dan = await device(realm, 'dan');
  open.push(ana, ben, cleo, dan);
  realm.hiding.add('dan/cleo');
  const id = await ana.machine.begin(['ben', 'cleo'], { text: '1' });
  await settleAll(ana, ben, cleo);
  await ana.machine.add(id, ['dan']);
  await settleAll(dan);
  await dan.machine.send(id, { text: 'by dan' });
  await ana.machine.send(id, { text: 'by ana' });
  await settleAll(dan, ana, ben, cleo);
  await cleo.machine.send(id, { text: 'by cleo' });
  await settleAll(cleo, ana, ben, dan);
  expect(await cleo.texts(id)).toEqual(['1', 'by ana', 'by cleo']);
  expect((await cleo.machine.talks())[0]).toMatchObject({ broken: false });
  for (const one of [ana, ben]) expect((await one.texts(id)).sort()).toEqual(['1', 'by ana', 'by cleo', 'by dan']);
  expect((await dan.texts(id)).at(-1)).toBe('by cleo');
});

test('a device that was ended while its page is open keeps nothing and sends nothing', async () => {
  const [realm, ana, ben, id] = await two();
  const second = new Device(realm, ana.person as never);
  open.push(second);
  await second.machine.start();
  await second.machine.recover(ana.machine.recovery());
  await settleAll(ana, second);
  const lost = (await ana.machine.devices()).find((one) => !one.current);
  await ana.machine.endDevice(lost?.id ?? '');
  await second.machine.send(id, { text: 'from a stranger’s hands' });
  await second.settle();
  await settleAll(ben, ana);
  expect(await ben.texts(id)).toEqual(['1']);
  expect(await second.store.keysOf('lines', '')).toEqual([]);
  expect(await second.store.keysOf('self', '')).toEqual([]);
});
