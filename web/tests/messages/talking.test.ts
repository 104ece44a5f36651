import { afterEach, expect, test, vi } from 'vitest';

import { device, Device, MemoryRealm, settleAll } from './realm';

const open: Device[] = [];

vi.setConfig({ testTimeout: 60_000 });

async function devices(realm: MemoryRealm, ...handles: string[]): Promise<Device[]> {
  const made = [];
  for (const handle of handles) made.push(await device(realm, handle));
  open.push(...made);
  return made;
}

afterEach(() => {
  for (const one of open.splice(0)) one.machine.stop();
});

test('two people write to each other, and the realm has not seen a word', async () => {
  const realm = new MemoryRealm();
  const [ana, ben] = (await devices(realm, 'ana', 'ben')) as [Device, Device];
  const id = await ana.machine.begin(['ben'], { text: 'a walnut in the snow' });
  await settleAll(ana, ben);
  await ben.machine.send(id, { text: 'and a second one' });
  await settleAll(ben, ana);
  for (const one of [ana, ben]) expect(await one.texts(id)).toEqual(['a walnut in the snow', 'and a second one']);
  const [first] = await ben.machine.lines(id, 10);
  expect(first).toMatchObject({ mine: false, sender: ana.person.id, state: 'sent' });
  expect(JSON.stringify(realm.asked)).not.toContain('walnut');
  // One conversation for two people, from whichever side it is begun.
  expect(await ben.machine.begin(['ana'])).toBe(id);
});

test('three people, one of them offline: everything is there in order when they are back', async () => {
  const realm = new MemoryRealm();
  const [ana, ben, cleo] = (await devices(realm, 'ana', 'ben', 'cleo')) as [Device, Device, Device];
  const id = await ana.machine.begin(['ben', 'cleo'], { text: '1' });
  await settleAll(ana, ben);
  cleo.offline = true;
  await ben.machine.send(id, { text: '2' });
  await cleo.machine.sync();
  await settleAll(ben, ana);
  await ana.machine.send(id, { text: '3' });
  await ana.machine.rename(id, 'Snow');
  await settleAll(ana, ben);
  expect(await cleo.texts(id)).toEqual([]);
  cleo.offline = false;
  await settleAll(cleo);
  for (const one of [ana, ben, cleo]) {
    expect(await one.texts(id)).toEqual(['1', '2', '3']);
    expect((await one.machine.talks())[0]?.title).toBe('Snow');
  }
});

test('what is written offline waits, survives its page, and is sent once', async () => {
  const realm = new MemoryRealm();
  const [ana, ben] = (await devices(realm, 'ana', 'ben')) as [Device, Device];
  const id = await ana.machine.begin(['ben'], { text: '1' });
  await settleAll(ana, ben);
  ana.offline = true;
  await ana.machine.send(id, { text: '2' });
  await ana.machine.send(id, { text: '3' });
  expect((await ana.machine.lines(id, 9)).map((line) => line.state)).toEqual(['sent', 'waiting', 'waiting']);
  ana.offline = false;
  await ana.reopen();
  await settleAll(ben);
  expect(await ben.texts(id)).toEqual(['1', '2', '3']);
  expect(await ana.texts(id)).toEqual(['1', '2', '3']);
  expect(await ana.machine.waiting()).toBe(0);
});

test('people are added and removed; each reads what was said while they were in it', async () => {
  const realm = new MemoryRealm();
  const [ana, ben, cleo, dan] = (await devices(realm, 'ana', 'ben', 'cleo', 'dan')) as [Device, Device, Device, Device];
  const id = await ana.machine.begin(['ben', 'cleo'], { text: 'before' });
  await settleAll(ana, ben, cleo);
  await ana.machine.add(id, ['dan']);
  await ana.machine.send(id, { text: 'with dan' });
  await settleAll(ana, ben, cleo, dan);
  expect(await dan.texts(id)).toEqual(['with dan']);
  await ana.machine.remove(id, ben.person.id);
  await ana.machine.send(id, { text: 'without ben' });
  await settleAll(ana, cleo, dan, ben);
  expect(await ben.texts(id)).toEqual(['before', 'with dan']);
  expect((await ben.machine.talks())[0]?.state).toBe('left');
  expect(await cleo.texts(id)).toEqual(['before', 'with dan', 'without ben']);
  const notes = (await cleo.machine.lines(id, 99)).filter((line) => line.type === 'note');
  expect(notes.map((line) => [line.text, line.sender])).toEqual([
    ['joined', dan.person.id],
    ['left', ben.person.id],
  ]);
});

test('who left is out of what is sealed next', async () => {
  const realm = new MemoryRealm();
  const [ana, ben, cleo] = (await devices(realm, 'ana', 'ben', 'cleo')) as [Device, Device, Device];
  const id = await ana.machine.begin(['ben', 'cleo'], { text: '1' });
  await settleAll(ana, ben, cleo);
  await ben.machine.leave(id);
  await cleo.settle();
  const before = realm.conversations.get(id)?.epoch ?? 0;
  await cleo.machine.send(id, { text: '2' });
  await settleAll(cleo, ana);
  expect(realm.conversations.get(id)?.epoch).toBe(before + 1);
  expect(await ana.texts(id)).toEqual(['1', '2']);
});

test('a new device reads the history with the recovery key, and everything from then on', async () => {
  const realm = new MemoryRealm();
  const [ana, ben] = (await devices(realm, 'ana', 'ben')) as [Device, Device];
  const id = await ana.machine.begin(['ben'], { text: '1' });
  await settleAll(ana, ben);
  for (const text of ['2', '3', '4']) await ben.machine.send(id, { text });
  await settleAll(ben, ana);
  await ana.machine.react(id, 3, '🌰');
  await settleAll(ana, ben);
  const second = new Device(realm, ana.person as never);
  open.push(second);
  expect(await second.machine.start()).toBe('new-device');
  const other = ben.machine.recovery();
  await expect(second.machine.recover(other)).rejects.toThrow('somebody else');
  await second.machine.recover(ana.machine.recovery().toLowerCase().replaceAll(' ', '-'));
  await second.settle();
  await second.machine.save();
  expect(await second.texts(id)).toEqual(['1', '2', '3', '4']);
  expect((await second.machine.lines(id, 99)).find((line) => line.text === '2')?.reactions).toEqual([
    { emoji: '🌰', people: [ana.person.id] },
  ]);
  await settleAll(ben, ana);
  await ben.machine.send(id, { text: 'to both' });
  await settleAll(ben, ana, second);
  await second.machine.send(id, { text: 'from the second' });
  await settleAll(second, ana, ben);
  for (const one of [ana, ben, second]) {
    expect(await one.texts(id)).toEqual(['1', '2', '3', '4', 'to both', 'from the second']);
  }
  expect((await ana.machine.lines(id, 99)).at(-1)).toMatchObject({ mine: true, text: 'from the second' });
  expect((await ana.machine.devices()).map((one) => [one.label, one.current])).toEqual([
    ['Browser', true],
    ['Browser', false],
  ]);
});

test('a device that is ended keeps nothing, and nobody seals for it any more', async () => {
  const realm = new MemoryRealm();
  const [ana, ben] = (await devices(realm, 'ana', 'ben')) as [Device, Device];
  const second = new Device(realm, ana.person as never);
  open.push(second);
  await second.machine.start();
  await second.machine.recover(ana.machine.recovery());
  const id = await ana.machine.begin(['ben'], { text: '1' });
  await settleAll(ana, second, ben);
  expect(await second.texts(id)).toEqual(['1']);
  const lost = (await ana.machine.devices()).find((one) => !one.current);
  await ana.machine.endDevice(lost?.id ?? '');
  await ben.machine.send(id, { text: '2' });
  await settleAll(ben, ana);
  expect(await ana.texts(id)).toEqual(['1', '2']);
  await second.reopen();
  expect(await second.machine.talks()).toEqual([]);
  expect(await second.store.keysOf('lines', '')).toEqual([]);
});

test('two commits at once: one wins, the other is made anew', async () => {
  const realm = new MemoryRealm();
  const [ana, ben, cleo, dan] = (await devices(realm, 'ana', 'ben', 'cleo', 'dan')) as [Device, Device, Device, Device];
  const id = await ana.machine.begin(['ben'], { text: '1' });
  await settleAll(ana, ben);
  const group = await ana.machine.begin(['ben', 'cleo'], { text: '1' });
  await settleAll(ana, ben, cleo);
  const second = new Device(realm, ben.person as never);
  open.push(second);
  await second.machine.start();
  ana.meanwhile = async (what) => {
    if (what !== 'commit') return;
    ana.meanwhile = null;
    await second.machine.recover(ben.machine.recovery());
    await second.settle();
  };
  await ana.machine.add(group, ['dan']);
  await ana.machine.send(group, { text: 'all here' });
  await settleAll(ana, ben, cleo, dan, second);
  for (const one of [ana, ben, cleo, second]) expect(await one.texts(group)).toEqual(['1', 'all here']);
  expect(await dan.texts(group)).toEqual(['all here']);
  expect(await second.texts(id)).toEqual(['1']);
});

test('a message that meets another epoch is sealed anew under its id', async () => {
  const realm = new MemoryRealm();
  const [ana, ben, cleo, dan] = (await devices(realm, 'ana', 'ben', 'cleo', 'dan')) as [Device, Device, Device, Device];
  const id = await ana.machine.begin(['ben', 'cleo'], { text: '1' });
  await settleAll(ana, ben, cleo);
  ben.meanwhile = async (what) => {
    if (what !== 'send') return;
    ben.meanwhile = null;
    await ana.machine.add(id, ['dan']);
  };
  await ben.machine.send(id, { text: '2' });
  await settleAll(ben, ana, cleo, dan);
  const sends = realm.asked.filter((one) => one.person === 'ben' && one.what === 'send');
  const bodies = sends.map((one) => (JSON.parse(one.body) as [string, { id: string; body: string }])[1]);
  expect(bodies).toHaveLength(2);
  expect(bodies[0]?.id).toBe(bodies[1]?.id);
  expect(bodies[0]?.body).not.toBe(bodies[1]?.body);
  for (const one of [ana, ben, cleo]) expect(await one.texts(id)).toEqual(['1', '2']);
});

test('a device that was away for longer than the log reaches comes back from outside', async () => {
  const realm = new MemoryRealm();
  const [ana, ben, cleo] = (await devices(realm, 'ana', 'ben', 'cleo')) as [Device, Device, Device];
  const id = await ana.machine.begin(['ben', 'cleo'], { text: '1' });
  await settleAll(ana, ben, cleo);
  const away = cleo;
  away.offline = true;
  const second = new Device(realm, ana.person as never);
  open.push(second);
  await second.machine.start();
  await second.machine.recover(ana.machine.recovery());
  await settleAll(second, ana, ben);
  await ana.machine.send(id, { text: '2' });
  await settleAll(ana, second, ben);
  // Thirty days later.
  Object.assign(realm.conversations.get(id) ?? {}, { forgotten: realm.conversations.get(id)?.log.length });
  away.offline = false;
  await away.machine.send(id, { text: '3' });
  await settleAll(away, ben, ana, second);
  await ben.machine.send(id, { text: '4' });
  await settleAll(ben, away, ana, second);
  expect(await away.texts(id)).toEqual(['1', '3', '4']);
  for (const one of [ana, ben, second]) expect(await one.texts(id)).toEqual(['1', '2', '3', '4']);
});

test('reactions, answers and taking back', async () => {
  const realm = new MemoryRealm();
  const [ana, ben] = (await devices(realm, 'ana', 'ben')) as [Device, Device];
  const id = await ana.machine.begin(['ben'], { text: 'first' });
  await settleAll(ana, ben);
  await ben.machine.react(id, 2, '🌰');
  await ben.machine.send(id, { text: 'an answer', to: 2 });
  await settleAll(ben, ana);
  const [first, answer] = await ana.machine.lines(id, 9);
  expect(first?.reactions).toEqual([{ emoji: '🌰', people: [ben.person.id] }]);
  expect(answer).toMatchObject({ text: 'an answer', to: 2 });
  await ben.machine.react(id, 2, '');
  await ana.machine.unsend(id, 2);
  await settleAll(ana, ben, ana);
  for (const one of [ana, ben]) {
    const [line] = await one.machine.lines(id, 9);
    expect(line).toMatchObject({ unsent: true, reactions: [] });
    expect(line?.text).toBeUndefined();
    expect(await one.machine.search('first')).toEqual([]);
  }
  // Nobody takes back what another person said.
  await expect(ana.machine.unsend(id, answer?.seq ?? 0)).rejects.toThrow();
  expect((await ben.machine.search('ANSWER')).map((line) => line.text)).toEqual(['an answer']);
});

test('who is asked first reads, accepts, and only then writes', async () => {
  const realm = new MemoryRealm();
  const [ana, ben] = (await devices(realm, 'ana', 'ben')) as [Device, Device];
  realm.requested.add('ben');
  const id = await ana.machine.begin(['ben'], { text: 'hello' });
  await settleAll(ana, ben);
  expect((await ben.machine.talks())[0]).toMatchObject({ id, state: 'requested' });
  expect(await ben.texts(id)).toEqual(['hello']);
  await ben.machine.accept(id);
  await ben.machine.send(id, { text: 'come in' });
  await settleAll(ben, ana);
  expect(await ana.texts(id)).toEqual(['hello', 'come in']);
});

test('what was opened can be reported with its proof, and saved as a file', async () => {
  const realm = new MemoryRealm();
  const [ana, ben] = (await devices(realm, 'ana', 'ben')) as [Device, Device];
  const id = await ana.machine.begin(['ben'], { text: 'räksmörgås' });
  await settleAll(ana, ben);
  await ben.machine.report(id, [2], 'bullying', '');
  const [disclosed] = realm.reports[0]?.seqs ?? [];
  const key = await crypto.subtle.importKey(
    'raw',
    Buffer.from(disclosed?.fk ?? '', 'base64url'),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  );
  const shown = Buffer.from(await crypto.subtle.sign('HMAC', key, Buffer.from(disclosed?.payload ?? '')));
  expect(shown.toString('base64url')).toBe(realm.conversations.get(id)?.log[1]?.commitment);
  expect(JSON.parse(disclosed?.payload ?? '')).toMatchObject({ type: 'text', text: 'räksmörgås' });
  const file = JSON.parse(await (await ben.machine.save()).text()) as { conversations: { messages: object[] }[] };
  expect(file.conversations[0]?.messages).toMatchObject([{ seq: 2, text: 'räksmörgås', sender: ana.person.id }]);
  expect(JSON.stringify(file)).not.toContain(disclosed?.fk ?? 'fk');
});

test('friends are ranked by what was sent from this device', async () => {
  const realm = new MemoryRealm();
  const [ana] = (await devices(realm, 'ana', 'ben', 'cleo')) as [Device, Device, Device];
  const group = await ana.machine.begin(['ben', 'cleo'], { text: '1' });
  await ana.settle();
  const pair = await ana.machine.begin(['cleo'], { text: '1' });
  await ana.machine.send(pair, { text: '2' });
  await ana.machine.send(group, { text: '2' });
  expect((await ana.machine.friendsFirst()).map((card) => card.handle)).toEqual(['cleo', 'ben']);
});
