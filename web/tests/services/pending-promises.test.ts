import { beforeEach, describe, expect, it, vi } from 'vitest';

const store = new Map<string, string>();
vi.stubGlobal('localStorage', {
  getItem: (key: string) => store.get(key) ?? null,
  setItem: (key: string, value: string) => void store.set(key, value),
  removeItem: (key: string) => void store.delete(key),
});

const here: { me: { id: string } | null; ready: boolean } = { me: null, ready: false };
const changes: (() => void)[] = [];
const followed: string[] = [];
vi.mock('$lib/state/session.svelte', () => ({
  session: here,
  onPersonChange: (act: () => void) => changes.push(act),
}));
vi.mock('$lib/services/idle', () => ({ whenIdle: (act: () => void) => act() }));
vi.mock('$lib/services/keep-promises', () => ({ keepPending: (one: { id: string }) => followed.push(one.id) }));

const { followUp, notePending, settlePending } = await import('$lib/services/pending-promises');

const made = (id: string) => ({
  id,
  digest: '11'.repeat(32),
  leaf: '22'.repeat(32),
  at: 1_790_000_000,
  include_by: 1_790_000_020,
  process: '33'.repeat(8),
  signature: 'c2lnbmVk',
});
const ids = (): string[] =>
  (JSON.parse(store.get('reelm.promises') ?? '{"promises":[]}') as { promises: { id: string }[] }).promises.map(
    (one) => one.id,
  );

describe('promises that a closed page leaves', () => {
  beforeEach(() => {
    store.clear();
    followed.length = 0;
    here.me = { id: 'anna' };
    here.ready = true;
  });

  it('are kept until they are settled, the latest sixty, and nothing of what was shown', () => {
    for (let number = 0; number < 70; number++) notePending({ ...made(`p${number}`), clips: ['secret'] } as never);
    expect(ids()).toHaveLength(60);
    expect(ids()[0]).toBe('p10');
    expect(store.get('reelm.promises')).not.toContain('secret');
    for (let number = 10; number < 70; number++) settlePending(`p${number}`);
    expect(store.size).toBe(0);
  });

  it('are followed up at the next start, and those of this start are not yet', async () => {
    notePending(made('before'));
    here.ready = false;
    notePending(made('early'));
    expect(ids()).toEqual(['before']);
    here.ready = true;
    followUp();
    await vi.waitFor(() => expect(followed).toEqual(['before']));
    expect(ids()).toEqual(['before', 'early']);
  });

  it('are nobody else’s, and go when the person signs out', () => {
    notePending(made('mine'));
    here.me = { id: 'bob' };
    followUp();
    expect(followed).toEqual([]);
    here.me = { id: 'anna' };
    changes.forEach((act) => act());
    expect(store.size).toBe(0);
    here.me = null;
    notePending(made('nobody’s'));
    expect(store.size).toBe(0);
  });

  it('are let go when the realm no longer keeps such receipts', () => {
    vi.useFakeTimers({ now: 1_790_000_000_000 });
    notePending(made('old'));
    vi.setSystemTime(1_790_000_000_000 + 29 * 86_400_000 + 1);
    followUp();
    expect(followed).toEqual([]);
    notePending(made('new'));
    expect(ids()).toEqual(['new']);
    vi.useRealTimers();
  });
});
