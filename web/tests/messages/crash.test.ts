import { afterEach, expect, test, vi } from 'vitest';

import { Crash, device, Device, MemoryRealm, settleAll } from './realm';

const open: Device[] = [];
const MOST_STEPS = 80;

// Each of these does the same thing as often as it has steps.
vi.setConfig({ testTimeout: 120_000 });

afterEach(() => {
  for (const one of open.splice(0)) one.machine.stop();
});

interface Scene {
  realm: MemoryRealm;
  ana: Device;
  ben: Device;
  cleo: Device;
}

/** Three people, in a realm that each try has a copy of. */
async function scene(
  prepare: (scene: Scene) => Promise<void> = async () => undefined,
): Promise<(asleep?: 'ben') => Promise<Scene>> {
  const realm = new MemoryRealm();
  const [ana, ben, cleo] = [await device(realm, 'ana'), await device(realm, 'ben'), await device(realm, 'cleo')];
  open.push(ana, ben, cleo);
  await prepare({ realm, ana, ben, cleo });
  await settleAll(ana, ben, cleo);
  return async (asleep) => {
    const copy = realm.copy();
    const [a, b, c] = [await ana.copyTo(copy), await ben.copyTo(copy), await cleo.copyTo(copy)];
    open.push(a, b, c);
    for (const one of asleep ? [a, c] : [a, b, c]) await one.open();
    return { realm: copy, ana: a, ben: b, cleo: c };
  };
}

/** @returns whether the page came to the end of what it did */
async function until(one: Device, steps: number, act: () => Promise<unknown>): Promise<'whole' | 'crashed'> {
  one.steps = 0;
  one.crashAt = steps;
  try {
    await act();
    await one.settle();
    return one.steps < steps ? 'whole' : 'crashed';
  } catch (cause) {
    if (!(cause instanceof Crash)) throw cause;
    return 'crashed';
  }
}

/** Does `act` with the page gone after one step, after two, and so on, until it is done before that. */
async function atEveryStep(act: (steps: number) => Promise<'whole' | 'crashed'>): Promise<number> {
  for (let steps = 1; steps <= MOST_STEPS; steps++) {
    if ((await act(steps)) === 'whole') return steps;
  }
  throw new Error('it never comes to its end');
}

function sentOnce(realm: MemoryRealm, handle: string): void {
  const bodies = new Map<string, string>();
  for (const one of realm.asked.filter((call) => call.what === 'send' && call.person === handle)) {
    const [, said] = JSON.parse(one.body) as [string, { id: string; epoch: number; body: string }];
    const key = `${said.id}/${said.epoch}`;
    // Again means: byte for byte.
    expect(bodies.get(key) ?? said.body).toBe(said.body);
    bodies.set(key, said.body);
  }
}

test('a page that ends between any two steps of sending loses nothing it took, and doubles nothing', async () => {
  let id = '';
  const again = await scene(async ({ ana }) => {
    id = await ana.machine.begin(['ben'], { text: '0' });
  });
  const tried = await atEveryStep(async (steps) => {
    const { realm, ana, ben } = await again();
    await ana.settle();
    const taken = ['0'];
    const how = await until(ana, steps, async () => {
      for (const text of ['1', '2']) {
        await ana.machine.send(id, { text });
        taken.push(text);
      }
    });
    await ana.reopen();
    await ben.machine.send(id, { text: 'answer' });
    await settleAll(ben, ana, ben);
    const [mine, theirs] = [await ana.texts(id), await ben.texts(id)];
    expect(mine).toEqual(theirs);
    expect(new Set(mine).size).toBe(mine.length);
    for (const text of taken) expect(mine).toContain(text);
    expect(await ana.machine.waiting()).toBe(0);
    sentOnce(realm, 'ana');
    return how;
  });
  expect(tried).toBeGreaterThan(8);
});

test('a conversation begun by a page that ends anywhere is there once or not at all', async () => {
  const again = await scene();
  await atEveryStep(async (steps) => {
    const { realm, ana, ben, cleo } = await again();
    const how = await until(ana, steps, () => ana.machine.begin(['ben', 'cleo'], { text: 'first' }));
    await ana.reopen();
    await settleAll(ben, cleo);
    const talks = await ana.machine.talks();
    expect(realm.conversations.size).toBe(talks.length);
    expect(talks.length).toBeLessThanOrEqual(1);
    for (const talk of talks) {
      for (const one of [ana, ben, cleo]) expect(await one.texts(talk.id)).toEqual(['first']);
    }
    if (how === 'whole') expect(talks).toHaveLength(1);
    return how;
  });
});

test('a page that ends while it receives has every message once afterwards', async () => {
  let id = '';
  const again = await scene(async ({ ana, ben, cleo }) => {
    id = await ana.machine.begin(['ben', 'cleo'], { text: '1' });
    await settleAll(ana, ben, cleo);
    ben.offline = true;
    for (const text of ['2', '3', '4', '5']) await cleo.machine.send(id, { text });
    await cleo.settle();
    await ana.machine.remove(id, cleo.person.id);
    await ana.machine.send(id, { text: '6' });
  });
  await atEveryStep(async (steps) => {
    const { ana, ben } = await again('ben');
    const how = await until(ben, steps, () => ben.machine.start());
    await ben.reopen();
    const lines = await ben.machine.lines(id, 99);
    expect(lines.filter((line) => line.type !== 'note').map((line) => line.text)).toEqual(['1', '2', '3', '4', '5', '6']);
    await ben.machine.send(id, { text: '7' });
    await settleAll(ben, ana);
    expect(await ana.texts(id)).toEqual(['1', '2', '3', '4', '5', '6', '7']);
    return how;
  });
});

test('a page that ends while it adds somebody goes on in the epoch that the realm is in', async () => {
  let id = '';
  const again = await scene(async ({ ana }) => {
    id = await ana.machine.begin(['ben', 'cleo'], { text: '1' });
  });
  await atEveryStep(async (steps) => {
    const { realm, ana, ben, cleo } = await again();
    const dan = await device(realm, 'dan');
    open.push(dan);
    const how = await until(ana, steps, () => ana.machine.add(id, ['dan']));
    await ana.reopen();
    await ana.machine.send(id, { text: '2' });
    await settleAll(ana, ben, cleo, dan);
    for (const one of [ana, ben, cleo]) expect(await one.texts(id)).toEqual(['1', '2']);
    const there = (await ana.machine.talks())[0]?.members.some((one) => one.person.handle === 'dan');
    expect(await dan.texts(id)).toEqual(there ? ['2'] : []);
    if (how === 'whole') expect(there).toBe(true);
    return how;
  });
});

test('a device that is set up by a page that ends anywhere is there once', async () => {
  await atEveryStep(async (steps) => {
    const realm = new MemoryRealm();
    const ben = await device(realm, 'ben');
    const ana = new Device(realm, realm.join('ana'));
    open.push(ana, ben);
    const how = await until(ana, steps, () => ana.machine.start());
    await ana.reopen();
    expect(ana.person.devices).toHaveLength(1);
    const id = await ben.machine.begin(['ana'], { text: '1' });
    await settleAll(ben, ana);
    expect(await ana.texts(id)).toEqual(['1']);
    return how;
  });
});

test('a new device whose page ends anywhere has the whole conversation once it is opened again', async () => {
  let id = '';
  const again = await scene(async ({ ana, ben }) => {
    id = await ana.machine.begin(['ben'], { text: '1' });
    await settleAll(ana, ben);
    await ben.machine.send(id, { text: '2' });
  });
  await atEveryStep(async (steps) => {
    const { realm, ana, ben } = await again();
    const second = new Device(realm, ana.person);
    open.push(second);
    await second.machine.start();
    const how = await until(second, steps, () => second.machine.recover(ana.machine.recovery()));
    await second.reopen();
    if ((await second.machine.start()) === 'new-device') await second.machine.recover(ana.machine.recovery());
    await settleAll(second, ana, ben);
    await ben.machine.send(id, { text: '3' });
    await settleAll(ben, second);
    expect(await second.texts(id)).toEqual(['1', '2', '3']);
    return how;
  });
});
