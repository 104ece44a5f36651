/** An endless source may repeat itself; after this many pages without anything new the list ends. */
const STALE_PAGES = 3;

/** A list that grows page by page, with its loading, empty, failed and finished states. */
import { asProblem, type ApiProblem } from '$lib/api/problem';
import type { Page } from '$lib/api/types';

export class PagedList<T> {
  items = $state.raw<T[]>([]);
  loading = $state(false);
  /** At least one page has come. */
  started = $state(false);
  finished = $state(false);
  problem = $state.raw<ApiProblem | null>(null);
  #cursor: string | null = null;
  #round = 0;
  readonly #keyOf: (item: T) => string;
  readonly #fetch: (cursor: string | null) => Promise<Page<T>>;

  constructor(
    fetch: (cursor: string | null) => Promise<Page<T>>,
    keyOf: (item: T) => string,
  ) {
    this.#fetch = fetch;
    this.#keyOf = keyOf;
  }

  get empty(): boolean {
    return this.started && this.finished && this.items.length === 0;
  }

  async more(): Promise<void> {
    if (this.loading || this.finished) return;
    const round = this.#round;
    this.loading = true;
    this.problem = null;
    try {
      for (let stale = 0; stale < STALE_PAGES && !this.finished; stale++) {
        const page = await this.#fetch(this.#cursor);
        if (round !== this.#round) return;
        this.#cursor = page.next_cursor ?? null;
        this.finished = this.#cursor === null || stale === STALE_PAGES - 1;
        this.started = true;
        if (this.#take(page.items)) {
          this.finished = this.#cursor === null;
          break;
        }
      }
    } catch (cause) {
      if (round === this.#round) this.problem = asProblem(cause);
    } finally {
      if (round === this.#round) this.loading = false;
    }
  }

  /** Adds what is not there yet; false when there was nothing new. */
  #take(items: readonly T[]): boolean {
    const known = new Set(this.items.map(this.#keyOf));
    const fresh = items.filter((one) => !known.has(this.#keyOf(one)));
    if (fresh.length > 0) this.items = [...this.items, ...fresh];
    return fresh.length > 0;
  }

  /** Begins again from the first page. */
  async restart(): Promise<void> {
    this.#round += 1;
    this.#cursor = null;
    this.items = [];
    this.loading = this.started = this.finished = false;
    await this.more();
  }

  /** Puts a new item first. */
  prepend(item: T): void {
    this.items = [item, ...this.items];
  }

  remove(key: string): void {
    this.items = this.items.filter((one) => this.#keyOf(one) !== key);
  }

  replace(item: T): void {
    const key = this.#keyOf(item);
    this.items = this.items.map((one) => (this.#keyOf(one) === key ? item : one));
  }
}
