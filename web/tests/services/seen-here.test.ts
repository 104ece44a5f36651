import { beforeEach, describe, expect, it, vi } from 'vitest';

const store = new Map<string, string>();
vi.stubGlobal('localStorage', {
  getItem: (key: string) => store.get(key) ?? null,
  setItem: (key: string, value: string) => void store.set(key, value),
  removeItem: (key: string) => void store.delete(key),
});

const id = (number: number): string => `01a2018a-e655-72ef-b0e6-${number.toString(16).padStart(12, '0')}`;

describe('what was seen on this device', () => {
  beforeEach(() => {
    store.clear();
    vi.resetModules();
  });

  it('is remembered over a closed page, the latest two thousand', async () => {
    const first = await import('$lib/services/seen-here');
    for (let number = 0; number < 2500; number++) first.noteSeen(id(number));
    vi.resetModules();
    const later = await import('$lib/services/seen-here');
    expect(later.isSeen(id(0))).toBe(false);
    expect(later.isSeen(id(499))).toBe(false);
    expect(later.isSeen(id(500))).toBe(true);
    expect(later.isSeen(id(2499))).toBe(true);
    expect(store.get('reelm.seen')?.length).toBe(20_000);
  });

  it('stays when it is met again, and goes when it is forgotten', async () => {
    const seen = await import('$lib/services/seen-here');
    seen.noteSeen(id(0));
    for (let number = 1; number < 2000; number++) seen.noteSeen(id(number));
    seen.noteSeen(id(0));
    seen.noteSeen(id(2000));
    expect([seen.isSeen(id(0)), seen.isSeen(id(1))]).toEqual([true, false]);
    seen.forgetSeen();
    expect(seen.isSeen(id(0))).toBe(false);
    expect(store.size).toBe(0);
  });
});
