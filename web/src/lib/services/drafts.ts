/**
 * Work in progress, kept on this device: what was filmed or picked, every decision, and how far the
 * upload is. A closed tab, a dead battery or a reload loses at most the last second of a recording.
 *
 * The bytes live in IndexedDB beside the record. Where the device has no room for them the record
 * stays alone, and the person is asked for the same file again (`fingerprint` tells if it is).
 */
import type { EditState } from './studio-edit';
import { untouchedEdit } from './studio-edit';
import type { SourceInfo } from './studio-file';
import type { Speed, Take } from './recorder-plan';

export type Visibility = 'everyone' | 'followers' | 'friends' | 'only_me';

export interface Details {
  caption: string;
  visibility: Visibility;
  permissions: { comments: boolean; download: boolean; sound_reuse: boolean };
  labels: { ai: boolean; paid: boolean };
  language: string;
  /** RFC 3339 UTC, null: as soon as it is ready. */
  publishAt: string | null;
}

export interface ChosenSound {
  id: string;
  title: string;
  author: string | null;
  durationMs: number;
  audioUrl: string;
  waveform: number[];
}

/** What the person has asked for; `none` while they are still deciding. */
export type Intent = 'none' | 'publish' | 'draft';

/** How far the bytes are. Written only by the upload manager, so that no screen undoes its progress. */
export interface UploadRecord {
  workId: string;
  person: string;
  name: string;
  type: string;
  size: number;
  url: string | null;
  offset: number;
  /** Everything acknowledged. */
  complete: boolean;
  intent: Intent;
  /** Counts the presses of "Publish": each is an attempt with an idempotency key of its own. */
  submission: number;
  clipId: string | null;
  /** Ready, or kept as a draft: shown until the page is left, then forgotten. */
  finished: boolean;
  /** For the list, once the work itself is gone. */
  caption: string;
  thumbnail: string | null;
  createdAt: number;
}

export interface Work {
  id: string;
  /** The account it belongs to: another person on this device must not see it. */
  person: string;
  createdAt: number;
  updatedAt: number;
  origin: 'file' | 'camera';
  file: { name: string; type: string; size: number; lastModified: number } | null;
  /** Are the bytes in this browser's store? */
  kept: boolean;
  takes: Take[];
  /** The take that is running, noted before its first chunk; null between takes. */
  begun: { id: string; speed: Speed; mime: string; voiced: boolean } | null;
  /** Which takes the file was put together from. */
  joinedFrom: string;
  /** The longest length chosen while filming. */
  lengthMs: number | null;
  /** Size of the filmed picture: later takes must have the same. */
  filmSize: { width: number; height: number } | null;
  info: SourceInfo | null;
  sound: ChosenSound | null;
  edit: EditState;
  details: Details;
  /** A small JPEG data address of the cover, for lists. */
  thumbnail: string | null;
  step: 'film' | 'edit' | 'details';
}

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

export function newDetails(language: string): Details {
  return {
    caption: '',
    visibility: 'everyone',
    permissions: { comments: true, download: true, sound_reuse: true },
    labels: { ai: false, paid: false },
    language,
    publishAt: null,
  };
}

export function newWork(
  id: string,
  person: string,
  origin: Work['origin'],
  language: string,
  now: number,
): Work {
  return {
    id,
    person,
    createdAt: now,
    updatedAt: now,
    origin,
    file: null,
    kept: false,
    takes: [],
    begun: null,
    joinedFrom: '',
    lengthMs: null,
    filmSize: null,
    info: null,
    sound: null,
    edit: untouchedEdit(),
    details: newDetails(language),
    thumbnail: null,
    step: origin === 'camera' ? 'film' : 'edit',
  };
}

/** Does the work hold anything worth keeping? */
export function worthKeeping(work: Work): boolean {
  return work.file !== null || work.takes.length > 0 || work.begun !== null;
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
