import { beforeEach, describe, expect, it, vi } from 'vitest';

class Source {
  static CLOSED = 2;
  static all: Source[] = [];
  readyState = 0;
  onopen: (() => void) | null = null;
  onerror: (() => void) | null = null;
  #listeners = new Map<string, (event: { data: string }) => void>();

  constructor(readonly url: string) {
    Source.all.push(this);
  }

  static at(index: number): Source {
    const found = Source.all[index];
    if (!found) throw new Error('there is no such connection');
    return found;
  }

  addEventListener(name: string, tell: (event: { data: string }) => void): void {
    this.#listeners.set(name, tell);
  }

  say(name: string, data: unknown): void {
    this.#listeners.get(name)?.({ data: JSON.stringify(data) });
  }

  /** A connection as the realm answers it: it opens, and the count comes first. */
  connect(): void {
    this.onopen?.();
    this.say('unread', { count: 0 });
  }

  close(): void {
    this.readyState = Source.CLOSED;
  }
}
vi.stubGlobal('EventSource', Source);

const { closeStream, onMessageHint, onStreamReturn, onTypingHint, openStream } = await import('$lib/services/stream');

describe('the live stream', () => {
  beforeEach(() => {
    closeStream();
    Source.all = [];
    openStream();
  });

  it('hands on what it hears of conversations', () => {
    const heard: unknown[] = [];
    const ends = [onMessageHint((hint) => heard.push(hint)), onTypingHint((hint) => heard.push(hint))];
    const source = Source.at(0);
    source.connect();
    source.say('message', { conversation_id: 'a', last_seq: 4 });
    source.say('typing', { conversation_id: 'a', person_id: 'b' });
    expect(heard).toEqual([
      { conversation_id: 'a', last_seq: 4 },
      { conversation_id: 'a', person_id: 'b' },
    ]);
    ends.forEach((end) => end());
    source.say('message', { conversation_id: 'a', last_seq: 5 });
    expect(heard).toHaveLength(2);
  });

  it('says each time that it hears again, and only then', () => {
    let returns = 0;
    const end = onStreamReturn(() => returns++);
    const source = Source.at(0);
    // Opened, but the realm does not listen for this person yet: what is asked now could miss something.
    source.onopen?.();
    expect(returns).toBe(0);
    source.say('unread', { count: 1 });
    source.say('unread', { count: 2 });
    expect(returns).toBe(1);
    // The browser came back by itself.
    source.connect();
    expect(returns).toBe(2);
    source.say('missed', {});
    expect(returns).toBe(3);
    end();
  });

  it('comes back where the browser gives up', () => {
    vi.useFakeTimers();
    try {
      let returns = 0;
      const end = onStreamReturn(() => returns++);
      const source = Source.at(0);
      source.connect();
      source.close();
      source.onerror?.();
      vi.advanceTimersByTime(2000);
      expect(Source.all).toHaveLength(2);
      Source.at(1).connect();
      expect(returns).toBe(2);
      end();
    } finally {
      vi.useRealTimers();
    }
  });
});
