/** Finding a sound and hearing it before choosing it. */
import { asProblem, type ApiProblem } from '$lib/api/problem';
import type { Page, Sound } from '$lib/api/types';

import type { ChosenSound } from './drafts';

export interface SoundList {
  query: string;
  state: 'loading' | 'ready' | 'failed';
  items: Sound[];
  more: boolean;
  problem: ApiProblem | null;
}

export type FindSounds = (
  q: string,
  cursor: string | null,
  signal?: AbortSignal,
) => Promise<Page<Sound>>;

/** What the studio keeps of a sound; the rest may have changed by the time a draft is resumed. */
export function chosen(sound: Sound): ChosenSound {
  return {
    id: sound.id,
    title: sound.title,
    author: sound.author?.display_name ?? null,
    durationMs: sound.duration_ms,
    audioUrl: sound.audio_url,
    waveform: sound.waveform,
  };
}

/** A search that answers the latest question only. A Svelte store. */
export class SoundSearch {
  #list: SoundList = { query: '', state: 'loading', items: [], more: false, problem: null };
  #cursor: string | null = null;
  #run: AbortController | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  readonly #listeners = new Set<(list: SoundList) => void>();

  constructor(
    private readonly find: FindSounds,
    private readonly pauseMs = 220,
  ) {}

  subscribe(listener: (list: SoundList) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#list);
    return () => this.#listeners.delete(listener);
  }

  /** The person is typing: ask once they pause. */
  type(query: string): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#run?.abort();
    this.#show({ query, state: 'loading' });
    this.#timer = setTimeout(() => void this.ask(query), this.pauseMs);
  }

  async ask(query: string): Promise<void> {
    this.#cursor = null;
    await this.#load(query, []);
  }

  async more(): Promise<void> {
    if (this.#list.state !== 'ready' || this.#cursor === null) return;
    await this.#load(this.#list.query, this.#list.items);
  }

  close(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#run?.abort();
  }

  async #load(query: string, before: Sound[]): Promise<void> {
    this.#run?.abort();
    const run = new AbortController();
    this.#run = run;
    this.#show({ query, state: 'loading', problem: null });
    try {
      const page = await this.find(query.trim(), this.#cursor, run.signal);
      if (run.signal.aborted) return;
      this.#cursor = page.next_cursor ?? null;
      const known = new Set(before.map((sound) => sound.id));
      const items = [...before, ...page.items.filter((sound) => !known.has(sound.id))];
      this.#show({ state: 'ready', items, more: page.next_cursor !== null });
    } catch (error) {
      if (run.signal.aborted) return;
      this.#show({ state: 'failed', items: before, problem: asProblem(error) });
    }
  }

  #show(change: Partial<SoundList>): void {
    this.#list = { ...this.#list, ...change };
    for (const listener of this.#listeners) listener(this.#list);
  }
}

/** Below this a sound is nearly silent, and its waveform shall look it. */
const QUIET = 24;

/** Bars of a waveform for a given width: the loudest of what each bar stands for, 0 to 1. */
export function waveformBars(waveform: readonly number[], bars: number): number[] {
  if (waveform.length === 0) return Array.from({ length: bars }, () => 0.08);
  const loudest = Math.max(QUIET, ...waveform);
  return Array.from({ length: bars }, (_, index) => {
    const from = Math.floor((index * waveform.length) / bars);
    const to = Math.max(from + 1, Math.floor(((index + 1) * waveform.length) / bars));
    return Math.max(0.06, Math.max(...waveform.slice(from, to)) / loudest);
  });
}
