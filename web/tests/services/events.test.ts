import { beforeEach, describe, expect, it, vi } from 'vitest';

const store = new Map<string, string>();
vi.stubGlobal('sessionStorage', {
  getItem: (key: string) => store.get(key) ?? null,
  setItem: (key: string, value: string) => void store.set(key, value),
  removeItem: (key: string) => void store.delete(key),
});
const listeners = new Map<string, () => void>();
vi.stubGlobal('document', { visibilityState: 'visible', addEventListener: () => undefined });
vi.stubGlobal('window', { addEventListener: (name: string, act: () => void) => listeners.set(name, act) });

const here: { me: { id: string } | null } = { me: null };
const sent: string[][] = [];
let answer: () => Promise<{ response: { status: number } }>;
vi.mock('$lib/state/session.svelte', () => ({ session: here }));
vi.mock('$lib/state/profiling.svelte', () => ({ withoutProfiling: () => false }));
vi.mock('$lib/api/client', () => ({
  client: {
    POST: (_: string, { body }: { body: { events: { id: string }[] } }) => {
      sent.push(body.events.map((one) => one.id));
      return answer();
    },
  },
}));

const { flushEvents, record, sendKept, startEvents } = await import('$lib/services/events');
startEvents();
const leave = (): void => listeners.get('pagehide')?.();

describe('watch events when a page is left', () => {
  beforeEach(async () => {
    answer = () => Promise.resolve({ response: { status: 202 } });
    here.me = { id: 'anna' };
    await flushEvents();
    store.clear();
    sent.length = 0;
  });

  it('are sent at once, and again by the next page: the same ids', async () => {
    record('clip', 'impression');
    leave();
    await Promise.resolve();
    sendKept();
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(sent[0]);
    sendKept();
    expect(sent).toHaveLength(2);
  });

  it('that were on their way are kept, too', () => {
    answer = () => new Promise(() => undefined);
    record('clip', 'impression');
    void flushEvents();
    leave();
    sendKept();
    expect(sent).toHaveLength(2);
    expect(sent[1]).toEqual(sent[0]);
  });

  it('are nobody else’s, and what can’t be read is left', () => {
    record('clip', 'impression');
    leave();
    here.me = { id: 'bert' };
    sendKept();
    expect(sent).toHaveLength(1);
    expect(store.size).toBe(0);
    store.set('reelm.unsent', '{');
    sendKept();
    expect(sent).toHaveLength(1);
  });
});
