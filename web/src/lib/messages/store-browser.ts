/** The store in IndexedDB. */
import { openDB, type IDBPDatabase } from 'idb';

import { TABLES, type Change, type Range, type Store, type Table } from './store';

const DATABASE = 'reelm-messages';
const VERSION = 1;

export class BrowserStore implements Store {
  #db: Promise<IDBPDatabase> | null = null;

  #open(): Promise<IDBPDatabase> {
    const forget = () => (this.#db = null);
    this.#db ??= openDB(DATABASE, VERSION, {
      upgrade: (db) => TABLES.forEach((table) => db.createObjectStore(table)),
      blocking: (_now, _next, event) => {
        (event.target as IDBDatabase).close();
        forget();
      },
      terminated: forget,
    });
    this.#db.catch(forget);
    return this.#db;
  }

  async get<T>(table: Table, key: string): Promise<T | undefined> {
    return (await (await this.#open()).get(table, key)) as T | undefined;
  }

  async range<T>(table: Table, { prefix, before, limit, reverse }: Range): Promise<T[]> {
    const keys = before === undefined ? IDBKeyRange.bound(prefix, `${prefix}\uffff`) : IDBKeyRange.bound(prefix, before, false, true);
    const db = await this.#open();
    if (!reverse) return (await db.getAll(table, keys, limit)) as T[];
    const found: T[] = [];
    let cursor = await db.transaction(table).store.openCursor(keys, 'prev');
    while (cursor && (limit === undefined || found.length < limit)) {
      found.push(cursor.value as T);
      cursor = await cursor.continue();
    }
    return found;
  }

  async keysOf(table: Table, prefix: string): Promise<string[]> {
    const keys = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
    return (await (await this.#open()).getAllKeys(table, keys)) as string[];
  }

  async write(changes: readonly Change[]): Promise<void> {
    const tables = [...new Set(changes.map((one) => one.table))];
    if (tables.length === 0) return;
    const transaction = (await this.#open()).transaction(tables, 'readwrite', { durability: 'strict' });
    const acts = changes.map(({ table, key, value }) => {
      const store = transaction.objectStore(table);
      return value === undefined ? store.delete(key) : store.put(value, key);
    });
    await Promise.all([...acts, transaction.done]);
  }
}
