/** A person's own receipts, the keys behind them, and the public documents that they name. */
import { ask, client } from '$lib/api/client';
import type { Page, ReceiptLine, ReceiptView } from '$lib/api/types';
import { onPersonChange } from '$lib/state/session.svelte';
import { equal, fromHex } from '$lib/verify/bytes';
import { sha256 } from '$lib/verify/crypto';
import { Fault } from '$lib/verify/fault';
import type { Bytes } from '$lib/verify/feed/layout';
import { openCertificate, processOf, type PromiseKey } from '$lib/verify/feed/promise';
import { parseKey } from '$lib/verify/note';

import { findEntry } from './ledger-entries';

export const listReceipts = (cursor: string | null): Promise<Page<ReceiptLine>> =>
  ask(client.GET('/api/v1/feeds/receipts', { params: { query: { cursor, limit: 50 } } }));

/** A receipt; with `adjustments` also what the declared boosts and demotions say of the page's clips. */
export const getReceipt = (id: string, adjustments = false): Promise<ReceiptView> =>
  ask(
    client.GET('/api/v1/feeds/receipts/{receipt_id}', {
      params: { path: { receipt_id: id }, query: { adjustments } },
    }),
  );

/** All that shows how a page was made and that it was logged, as the text that a person keeps. */
export const getReceiptFile = (id: string): Promise<string> =>
  ask(
    client.GET('/api/v1/feeds/receipts/{receipt_id}/file', {
      params: { path: { receipt_id: id } },
      parseAs: 'text',
    }),
  );

let key: Promise<Bytes> | null = null;

/** This person's receipt key: asked for once, kept in memory only. */
export function receiptKey(): Promise<Bytes> {
  key ??= ask(client.GET('/api/v1/feeds/receipt-key')).then((found) => fromHex(found.key, 32));
  key.catch(() => (key = null));
  return key;
}

onPersonChange(() => {
  key = null;
});

let vouching: Promise<string> | null = null;
const promiseKeys = new Map<string, { key: PromiseKey; certificate: string; vkey: string }>();

/** Who vouches for promise keys: named by an entry of the ledger, which is proved. */
function voucher(): Promise<string> {
  vouching ??= findEntry('promise.key', (entry) => typeof entry.vkey === 'string').then((found) => {
    if (!found) throw new Fault('missing', 'the ledger names nobody who vouches for promises');
    return found.entry.vkey as string;
  });
  vouching.catch(() => (vouching = null));
  return vouching;
}

/** The promise key that a page names, vouched for; null if the realm shows none of that name. */
export async function promiseKeyOf(process: string): Promise<{ key: PromiseKey; certificate: string; vkey: string } | null> {
  const known = promiseKeys.get(process);
  if (known) return known;
  const [vkey, found] = await Promise.all([voucher(), ask(client.GET('/api/v1/feeds/promise-keys'))]);
  for (const one of found.items) {
    const raw = fromHex(one.key, 32);
    if ((await processOf(raw)) !== process) continue;
    const key = await openCertificate(one.certificate, await parseKey(vkey));
    if (!equal(key.key, raw)) throw new Fault('promise', 'the certificate is of another key');
    promiseKeys.set(process, { key, certificate: one.certificate, vkey });
  }
  return promiseKeys.get(process) ?? null;
}

const documents = new Map<string, Promise<Bytes>>();

async function fetchDocument(digest: string): Promise<Bytes> {
  let answer: Response;
  try {
    answer = await fetch(`/ledger/document/${digest}.json`);
  } catch {
    throw new Fault('missing', `document ${digest}: no connection`);
  }
  if (!answer.ok) throw new Fault('missing', `document ${digest}: status ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

/** A public document by its digest, which it is checked against. */
export function getDocument(digest: string): Promise<Bytes> {
  let found = documents.get(digest);
  if (!found) {
    found = fetchDocument(digest).then(async (bytes) => {
      if (!equal(await sha256(bytes), fromHex(digest, 32))) throw new Fault('proof', 'the document is another one');
      return bytes;
    });
    documents.set(digest, found);
    found.catch(() => documents.delete(digest));
  }
  return found;
}

/** The reason in words that a clip's boost or demotion was declared with; null if none is shown any more. */
export async function declaredReason(clipId: string): Promise<string | null> {
  const found = await ask(client.GET('/api/v1/feeds/adjustments', { params: { query: { limit: 50 } } }));
  return found.items.find((one) => one.clip_id === clipId)?.text ?? null;
}
