/**
 * Where work in progress is kept: IndexedDB, with the bytes beside the records.
 */
import type { UploadRecord, Work } from './drafts';

export interface TakeChunk {
  workId: string;
  takeId: string;
  index: number;
  blob: Blob;
}

/** The bytes don't fit on this device. */
export class NoRoom extends Error {
  constructor() {
    super('this device has no room for the file');
    this.name = 'NoRoom';
  }
}

export interface WorkStore {
  put(work: Work): Promise<void>;
  get(id: string): Promise<Work | null>;
  list(person: string): Promise<Work[]>;
  remove(id: string): Promise<void>;
  /** @throws NoRoom */
  putBlob(workId: string, blob: Blob): Promise<void>;
  findBlob(workId: string): Promise<Blob | null>;
  /** @throws NoRoom */
  addChunk(chunk: TakeChunk): Promise<void>;
  takeBlob(workId: string, takeId: string, mime: string): Promise<Blob | null>;
  countChunks(workId: string, takeId: string): Promise<number>;
  removeTake(workId: string, takeId: string): Promise<void>;
  /** Takes that hold bytes, in the order they were begun; one may lack its entry in the record. */
  listTakes(workId: string): Promise<string[]>;
  putUpload(record: UploadRecord): Promise<void>;
  findUpload(workId: string): Promise<UploadRecord | null>;
  listUploads(person: string): Promise<UploadRecord[]>;
  removeUpload(workId: string): Promise<void>;
}

/** Newest first. */
export function byRecency(works: Work[]): Work[] {
  return [...works].sort((a, b) => b.updatedAt - a.updatedAt);
}

/** A store that forgets on reload: for browsers that forbid IndexedDB, and for tests. */
export class LocalMemoryStore implements WorkStore {
  readonly #works = new Map<string, Work>();
  readonly #blobs = new Map<string, Blob>();
  readonly #chunks = new Map<string, TakeChunk[]>();
  readonly #uploads = new Map<string, UploadRecord>();

  async put(work: Work): Promise<void> {
    this.#works.set(work.id, structuredClone(work));
  }

  async get(id: string): Promise<Work | null> {
    const found = this.#works.get(id);
    return found ? structuredClone(found) : null;
  }

  async list(person: string): Promise<Work[]> {
    const own = [...this.#works.values()].filter((work) => work.person === person);
    return byRecency(own.map((work) => structuredClone(work)));
  }

  async remove(id: string): Promise<void> {
    this.#works.delete(id);
    this.#blobs.delete(id);
    this.#chunks.delete(id);
  }

  async putBlob(workId: string, blob: Blob): Promise<void> {
    this.#blobs.set(workId, blob);
  }

  async findBlob(workId: string): Promise<Blob | null> {
    return this.#blobs.get(workId) ?? null;
  }

  async addChunk(chunk: TakeChunk): Promise<void> {
    this.#chunks.set(chunk.workId, [...(this.#chunks.get(chunk.workId) ?? []), chunk]);
  }

  async takeBlob(workId: string, takeId: string, mime: string): Promise<Blob | null> {
    return joinChunks(this.#chunks.get(workId) ?? [], takeId, mime);
  }

  async countChunks(workId: string, takeId: string): Promise<number> {
    return (this.#chunks.get(workId) ?? []).filter((chunk) => chunk.takeId === takeId).length;
  }

  async removeTake(workId: string, takeId: string): Promise<void> {
    const left = (this.#chunks.get(workId) ?? []).filter((chunk) => chunk.takeId !== takeId);
    this.#chunks.set(workId, left);
  }

  async putUpload(record: UploadRecord): Promise<void> {
    this.#uploads.set(record.workId, structuredClone(record));
  }

  async findUpload(workId: string): Promise<UploadRecord | null> {
    const found = this.#uploads.get(workId);
    return found ? structuredClone(found) : null;
  }

  async listUploads(person: string): Promise<UploadRecord[]> {
    return [...this.#uploads.values()].filter((record) => record.person === person);
  }

  async removeUpload(workId: string): Promise<void> {
    this.#uploads.delete(workId);
  }

  async listTakes(workId: string): Promise<string[]> {
    return [...new Set((this.#chunks.get(workId) ?? []).map((chunk) => chunk.takeId))];
  }
}

function joinChunks(chunks: TakeChunk[], takeId: string, mime: string): Blob | null {
  const own = chunks.filter((chunk) => chunk.takeId === takeId).sort((a, b) => a.index - b.index);
  return own.length > 0
    ? new Blob(
        own.map((chunk) => chunk.blob),
        { type: mime },
      )
    : null;
}

const DATABASE = 'reelm-studio';
const VERSION = 1;

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
  });
}

function finished(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(asNoRoom(transaction.error));
    transaction.onerror = () => reject(asNoRoom(transaction.error));
  });
}

function asNoRoom(error: DOMException | null): Error {
  if (error?.name === 'QuotaExceededError') return new NoRoom();
  return error ?? new Error('IndexedDB');
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, VERSION);
  request.onupgradeneeded = () => {
    const db = request.result;
    const works = db.createObjectStore('works', { keyPath: 'id' });
    works.createIndex('person', 'person');
    db.createObjectStore('blobs');
    const chunks = db.createObjectStore('chunks', { keyPath: ['workId', 'takeId', 'index'] });
    chunks.createIndex('work', 'workId');
    const uploads = db.createObjectStore('uploads', { keyPath: 'workId' });
    uploads.createIndex('person', 'person');
  };
  return settled(request);
}

/** The store in IndexedDB. */
export class BrowserWorkStore implements WorkStore {
  #db: Promise<IDBDatabase> | null = null;

  #open(): Promise<IDBDatabase> {
    this.#db ??= openDatabase().then((db) => {
      db.onclose = () => (this.#db = null);
      db.onversionchange = () => {
        db.close();
        this.#db = null;
      };
      return db;
    });
    this.#db.catch(() => (this.#db = null));
    return this.#db;
  }

  async #write(stores: string[], act: (transaction: IDBTransaction) => void): Promise<void> {
    const db = await this.#open();
    const transaction = db.transaction(stores, 'readwrite');
    const done = finished(transaction);
    act(transaction);
    await done;
  }

  async #read<T>(store: string, ask: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const db = await this.#open();
    return await settled(ask(db.transaction(store, 'readonly').objectStore(store)));
  }

  async put(work: Work): Promise<void> {
    // A plain copy: the state of a screen may be a proxy, which can't be cloned.
    const plain = JSON.parse(JSON.stringify(work)) as Work;
    await this.#write(['works'], (transaction) => transaction.objectStore('works').put(plain));
  }

  async get(id: string): Promise<Work | null> {
    return (await this.#read<Work | undefined>('works', (store) => store.get(id))) ?? null;
  }

  async list(person: string): Promise<Work[]> {
    const own = await this.#read<Work[]>('works', (store) => store.index('person').getAll(person));
    return byRecency(own);
  }

  async remove(id: string): Promise<void> {
    const keys = await this.#read<IDBValidKey[]>('chunks', (store) =>
      store.index('work').getAllKeys(id),
    );
    await this.#write(['works', 'blobs', 'chunks'], (transaction) => {
      transaction.objectStore('works').delete(id);
      transaction.objectStore('blobs').delete(id);
      for (const key of keys) transaction.objectStore('chunks').delete(key);
    });
  }

  async putBlob(workId: string, blob: Blob): Promise<void> {
    await this.#write(['blobs'], (transaction) =>
      transaction.objectStore('blobs').put(blob, workId),
    );
  }

  async findBlob(workId: string): Promise<Blob | null> {
    return (await this.#read<Blob | undefined>('blobs', (store) => store.get(workId))) ?? null;
  }

  async addChunk(chunk: TakeChunk): Promise<void> {
    await this.#write(['chunks'], (transaction) => transaction.objectStore('chunks').put(chunk));
  }

  async takeBlob(workId: string, takeId: string, mime: string): Promise<Blob | null> {
    const range = IDBKeyRange.bound([workId, takeId, 0], [workId, takeId, Infinity]);
    const chunks = await this.#read<TakeChunk[]>('chunks', (store) => store.getAll(range));
    return joinChunks(chunks, takeId, mime);
  }

  async countChunks(workId: string, takeId: string): Promise<number> {
    const range = IDBKeyRange.bound([workId, takeId, 0], [workId, takeId, Infinity]);
    return await this.#read<number>('chunks', (store) => store.count(range));
  }

  async removeTake(workId: string, takeId: string): Promise<void> {
    const range = IDBKeyRange.bound([workId, takeId, 0], [workId, takeId, Infinity]);
    await this.#write(['chunks'], (transaction) => transaction.objectStore('chunks').delete(range));
  }

  async listTakes(workId: string): Promise<string[]> {
    const keys = await this.#read<IDBValidKey[]>('chunks', (store) =>
      store.index('work').getAllKeys(workId),
    );
    return [...new Set(keys.map((key) => (key as [string, string, number])[1]))];
  }

  async putUpload(record: UploadRecord): Promise<void> {
    const plain = { ...record };
    await this.#write(['uploads'], (transaction) => transaction.objectStore('uploads').put(plain));
  }

  async findUpload(workId: string): Promise<UploadRecord | null> {
    const found = await this.#read<UploadRecord | undefined>('uploads', (store) =>
      store.get(workId),
    );
    return found ?? null;
  }

  async listUploads(person: string): Promise<UploadRecord[]> {
    return await this.#read<UploadRecord[]>('uploads', (store) =>
      store.index('person').getAll(person),
    );
  }

  async removeUpload(workId: string): Promise<void> {
    await this.#write(['uploads'], (transaction) =>
      transaction.objectStore('uploads').delete(workId),
    );
  }
}

let store: WorkStore | null = null;

/** This browser's store; in a private window that forbids it, one that lasts as long as the tab. */
export async function workStore(): Promise<WorkStore> {
  if (store) return store;
  try {
    const candidate = new BrowserWorkStore();
    await candidate.get('');
    store = candidate;
  } catch {
    store = new LocalMemoryStore();
  }
  return store;
}
