/** Pages that were not as promised: kept on this device until the person lets them go, and sent nowhere. */
import type { Problem } from '$lib/verify/feed/problem';
import type { PagePromise } from '$lib/verify/feed/promise';

const DATABASE = 'reelm-pages';
const STORE = 'failures';
const KEPT = 50;

export interface KeptFailure {
  /** The receipt's id. */
  id: string;
  /** When it was noticed, RFC 3339. */
  at: string;
  problems: readonly Problem[];
  promise: PagePromise;
  clips: readonly string[];
  /** A file that `reelm-audit receipt` reads; null where the realm did not even give the receipt. */
  file: string | null;
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: 'id' });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error ?? new Error('the database did not open'));
  });
}

async function within<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  try {
    return await new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(STORE, mode);
      const asked = act(transaction.objectStore(STORE));
      transaction.oncomplete = () => resolve(asked.result);
      transaction.onabort = () => reject(transaction.error ?? new Error('not kept'));
    });
  } finally {
    database.close();
  }
}

/** Newest first; none where the browser keeps nothing. */
export async function listFailures(): Promise<KeptFailure[]> {
  try {
    const found = await within<KeptFailure[]>('readonly', (store) => store.getAll() as IDBRequest<KeptFailure[]>);
    return found.sort((a, b) => b.at.localeCompare(a.at));
  } catch {
    return [];
  }
}

export async function keepFailure(failure: KeptFailure): Promise<boolean> {
  try {
    await within('readwrite', (store) => store.put(failure));
    const [, ...older] = (await listFailures()).slice(KEPT - 1);
    for (const one of older) await forgetFailure(one.id);
    return true;
  } catch {
    return false;
  }
}

export async function forgetFailure(id: string): Promise<void> {
  await within('readwrite', (store) => store.delete(id));
}

const FORMAT = 'reelm-page-evidence/v1';

/** What a person saves: the file for the auditor where there is one, else all that this device has. */
export function evidenceFile(failure: KeptFailure): { name: string; text: string } {
  const day = failure.at.slice(0, 10);
  if (failure.file) return { name: `page-evidence-${day}-${failure.id.slice(0, 8)}.txt`, text: failure.file };
  const { id, at, problems, promise, clips } = failure;
  return {
    name: `page-evidence-${day}-${failure.id.slice(0, 8)}.json`,
    text: JSON.stringify({ format: FORMAT, id, at, problems, promise, clips }, null, 2),
  };
}
