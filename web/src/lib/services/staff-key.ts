/**
 * A member of staff's signing key: made in this browser, kept in its database as a key that signs
 * but can't be read out, and so lost with the device. One per person.
 */
import { sha256 } from '$lib/verify/crypto';
import { toBase64, toHex, utf8 } from '$lib/verify/bytes';

const DATABASE = 'reelm-staff';
const STORE = 'keys';

export interface StaffKey {
  /** First 8 bytes of SHA-256 of the raw public key, hexadecimal: how the ledger names it. */
  id: string;
  /** Raw, base64. */
  publicKey: string;
  pair: CryptoKeyPair;
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(DATABASE, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
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

/** Whether this browser knows Ed25519 (and the page is safe enough for it). */
export async function canMakeKeys(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify']);
    return true;
  } catch {
    return false;
  }
}

/** This person's key on this device, or null: never made here, or lost. */
export async function findKey(person: string): Promise<StaffKey | null> {
  return (await within<StaffKey | undefined>('readonly', (store) => store.get(person) as IDBRequest<StaffKey | undefined>)) ?? null;
}

/** Makes a key and keeps it here, in place of an earlier one. */
export async function makeKey(person: string): Promise<StaffKey> {
  const pair = (await crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify'])) as CryptoKeyPair;
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
  const key: StaffKey = {
    id: toHex((await sha256(raw)).slice(0, 8)),
    publicKey: toBase64(raw),
    pair,
  };
  await within('readwrite', (store) => store.put(key, person));
  // A database that the browser may clear by itself would be a key that goes by itself.
  await navigator.storage?.persist?.();
  return key;
}

/** The signature of a text, base64. */
export async function signText(key: StaffKey, text: string): Promise<string> {
  return toBase64(new Uint8Array(await crypto.subtle.sign({ name: 'Ed25519' }, key.pair.privateKey, utf8(text))));
}

/** What proves, on enrolment, that whoever asks holds the key. */
export function enrolmentText(publicKey: string): string {
  return `reelm/staff-key/v1\n${publicKey}`;
}
