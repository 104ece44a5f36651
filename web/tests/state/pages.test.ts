import { describe, expect, it } from 'vitest';

import { ApiProblem, toProblem } from '$lib/api/problem';
import { PagedList } from '$lib/state/pages.svelte';

const PAGES: Record<string, { items: string[]; next_cursor: string | null }> = {
  first: { items: ['a', 'b'], next_cursor: 'second' },
  second: { items: ['b', 'c'], next_cursor: null },
};

function list(fail: () => boolean = () => false) {
  const asked: string[] = [];
  const made = new PagedList<string>(
    (cursor) => {
      asked.push(cursor ?? 'first');
      if (fail()) return Promise.reject(new ApiProblem(toProblem({}, 503)));
      const page = PAGES[cursor ?? 'first'];
      return page ? Promise.resolve(page) : Promise.reject(new Error('no such page'));
    },
    (one) => one,
  );
  return { made, asked };
}

describe('PagedList', () => {
  it('grows page by page, shows nothing twice, and stops at the end', async () => {
    const { made, asked } = list();
    await made.more();
    await made.more();
    await made.more();
    expect(made.items).toEqual(['a', 'b', 'c']);
    expect(made.finished).toBe(true);
    expect(asked).toEqual(['first', 'second']);
  });

  it('asks once at a time', async () => {
    const { made, asked } = list();
    await Promise.all([made.more(), made.more()]);
    expect(asked).toEqual(['first']);
  });

  it('keeps what it has when a page fails, and goes on from there', async () => {
    let failing = false;
    const { made } = list(() => failing);
    await made.more();
    failing = true;
    await made.more();
    expect(made.problem?.status).toBe(503);
    expect(made.items).toEqual(['a', 'b']);
    failing = false;
    await made.more();
    expect(made.problem).toBeNull();
    expect(made.items).toEqual(['a', 'b', 'c']);
  });

  it('ends where an endless source only repeats itself', async () => {
    let asked = 0;
    const round = new PagedList<string>(() => {
      asked += 1;
      return Promise.resolve({ items: ['a', 'b'], next_cursor: `after ${asked}` });
    }, String);
    await round.more();
    expect(round.finished).toBe(false);
    const before = round.items;
    await round.more();
    await round.more();
    expect(round.finished).toBe(true);
    expect(round.items).toBe(before);
    expect(asked).toBe(4);
  });

  it('passes over a page that brings nothing new', async () => {
    const pages = [['a'], ['a'], ['b']];
    const some = new PagedList<string>(
      (cursor) => {
        const at = Number(cursor ?? 0);
        return Promise.resolve({ items: pages[at] ?? [], next_cursor: at < 2 ? String(at + 1) : null });
      },
      String,
    );
    await some.more();
    await some.more();
    expect(some.items).toEqual(['a', 'b']);
    expect(some.finished).toBe(true);
  });

  it('says that it is empty only after an answer', async () => {
    const none = new PagedList<string>(() => Promise.resolve({ items: [] }), String);
    expect(none.empty).toBe(false);
    await none.more();
    expect(none.empty).toBe(true);
  });
});
