/**
 * What a device keeps of messages. Tables of plain values under texts; everything that belongs
 * together is written together.
 */
export const TABLES = [
  'self',
  'packages',
  'talks',
  'lines',
  'seqs',
  'marks',
  'outbox',
  'history',
  'pins',
  'sends',
] as const;
export type Table = (typeof TABLES)[number];

export interface Change {
  table: Table;
  key: string;
  /** None: the row goes. */
  value?: unknown;
}

export interface Range {
  /** Keys that begin so. */
  prefix: string;
  /** Only keys before this one. */
  before?: string;
  limit?: number;
  /** The last ones first. */
  reverse?: boolean;
}

export interface Store {
  get<T>(table: Table, key: string): Promise<T | undefined>;
  range<T>(table: Table, range: Range): Promise<T[]>;
  keysOf(table: Table, prefix: string): Promise<string[]>;
  /** All of it or nothing. */
  write(changes: readonly Change[]): Promise<void>;
}

/** Forgets with the page: for browsers that forbid IndexedDB, and for tests. */
export class LocalMemoryStore implements Store {
  readonly #tables = new Map<Table, Map<string, unknown>>(TABLES.map((table) => [table, new Map()]));

  #of(table: Table): Map<string, unknown> {
    const found = this.#tables.get(table);
    if (!found) throw new Error(`no table ${table}`);
    return found;
  }

  async get<T>(table: Table, key: string): Promise<T | undefined> {
    return structuredClone(this.#of(table).get(key)) as T | undefined;
  }

  async range<T>(table: Table, { prefix, before, limit, reverse }: Range): Promise<T[]> {
    const rows = [...this.#of(table)]
      .filter(([key]) => key.startsWith(prefix) && (before === undefined || key < before))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    if (reverse) rows.reverse();
    return structuredClone(rows.slice(0, limit).map(([, value]) => value)) as T[];
  }

  async keysOf(table: Table, prefix: string): Promise<string[]> {
    return [...this.#of(table).keys()].filter((key) => key.startsWith(prefix));
  }

  async write(changes: readonly Change[]): Promise<void> {
    const cloned = structuredClone(changes) as Change[];
    for (const { table, key, value } of cloned) {
      if (value === undefined) this.#of(table).delete(key);
      else this.#of(table).set(key, value);
    }
  }
}

/** Changes that will be written together; what is read through it already shows them. */
export class Draft {
  readonly #changes = new Map<string, Change>();

  constructor(readonly store: Store) {}

  async get<T>(table: Table, key: string): Promise<T | undefined> {
    const changed = this.#changes.get(`${table} ${key}`);
    if (changed) return changed.value as T | undefined;
    return await this.store.get<T>(table, key);
  }

  put(table: Table, key: string, value: unknown): void {
    this.#changes.set(`${table} ${key}`, { table, key, value });
  }

  drop(table: Table, key: string): void {
    this.#changes.set(`${table} ${key}`, { table, key });
  }

  async commit(): Promise<void> {
    if (this.#changes.size > 0) await this.store.write([...this.#changes.values()]);
    this.#changes.clear();
  }
}
