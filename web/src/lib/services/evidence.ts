/** The ways from a claim to what proves it: entries, the data map, receipts a person keeps. */

export const DATA_MAP = '/transparency/data-map';

/** Where everybody sees an entry of the ledger. */
export function entryPath(index: number): string {
  return `/transparency/ledger?entry=${index}`;
}

const HANDED_OVER = 'reelm.receipt';

/** Leaves a receipt for the page that checks it, on this device and for this tab only. */
export function handReceiptOver(text: string): void {
  sessionStorage.setItem(HANDED_OVER, text);
}

/** A file of the person's own, made in the browser. */
export function saveText(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: 'text/plain;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
