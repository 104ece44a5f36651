import { afterEach, expect, test } from 'vitest';

import { device, Device, MemoryRealm, settleAll } from './realm';

const open: Device[] = [];

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
