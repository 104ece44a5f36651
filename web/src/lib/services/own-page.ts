/** One of the person's own pages, as the realm keeps it and as this device was shown it; and the world around it. */
import { fromBase64 } from '$lib/verify/bytes';
import type { Json } from '$lib/verify/canonical';
import { adjustmentsOf } from '$lib/verify/feed/file';

import { keyOfPage } from './keep-promises';
import { believedKey, findEntry, proveEntry, provedEntry } from './ledger-entries';
import type { Around, PageEvidence } from './page-check';
import { getDocument, getReceipt, promiseKeyOf } from './receipts';
import { servedAs } from './served';

export async function ownPage(id: string): Promise<PageEvidence> {
  const view = await getReceipt(id, true);
  const served = servedAs(id);
  const { proof } = view;
  return {
    receipt: fromBase64(view.body),
    shown: served?.clips ?? view.items,
    from: served ? 'seen' : 'realm',
    key: await keyOfPage(),
    promised: true,
    promise: served?.promise ?? { ...view.promise, id, digest: view.digest },
    promiseKey: async () => (await promiseKeyOf((served?.promise ?? view.promise).process))?.key ?? null,
    inclusion: proof,
    entry: () => (proof ? provedEntry(proof.entry_index) : Promise.resolve(null)),
    adjustments: view.adjustments ? adjustmentsOf(view.adjustments as Json) : null,
  };
}

/** This realm's ledger and documents, under the key that this device trusts. */
export const around: Around = {
  document: getDocument,
  inForce: (model) => findEntry('ranking.changed', (entry) => entry.model === model),
  prove: async (entry, proof) => proveEntry(entry, proof, await believedKey()),
  now: () => new Date(),
};
