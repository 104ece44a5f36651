/**
 * Takes as they lie in the store: begun, finished, cut short, thrown away, put together.
 */
import type { Work } from './drafts';
import type { TakeChunk, WorkStore } from './drafts-store';
import type { JoinedTakes, TakeBlob } from './recorder-join';
import { totalShownMs, type Take } from './recorder-plan';

/** A recorder hands over a chunk a second: what a cut-short take surely lasts. */
const CHUNK_MS = 1000;

/** Writes a take's chunks as they come. A failed write ends the take rather than losing it silently. */
export function chunkWriter(
  store: WorkStore,
  workId: string,
  takeId: string,
): (index: number, blob: Blob) => Promise<void> {
  return async (index, blob) => {
    const chunk: TakeChunk = { workId, takeId, index, blob };
    await store.addChunk(chunk);
  };
}

/**
 * Takes of which chunks are stored but whose end was never noted: the tab died while filming.
 * Its speed and format come from the note made when it was begun.
 */
export async function cutShortTakes(store: WorkStore, work: Work): Promise<Take[]> {
  const known = new Set(work.takes.map((take) => take.id));
  const found: Take[] = [];
  for (const id of await store.listTakes(work.id)) {
    if (known.has(id)) continue;
    const begun = work.begun;
    const blob = begun?.id === id ? await store.takeBlob(work.id, id, begun.mime) : null;
    if (!begun || !blob) {
      await store.removeTake(work.id, id);
      continue;
    }
    const chunks = await store.countChunks(work.id, id);
    found.push({ ...begun, filmedMs: chunks * CHUNK_MS });
  }
  return found;
}

export async function takeBlobs(store: WorkStore, work: Work): Promise<TakeBlob[]> {
  const blobs: TakeBlob[] = [];
  for (const take of work.takes) {
    const blob = await store.takeBlob(work.id, take.id, take.mime);
    if (blob) blobs.push({ blob, speed: take.speed, voiced: take.voiced });
  }
  return blobs;
}

/** The takes in one file. @throws TakesEmpty, TakesDiffer */
export async function putTogether(store: WorkStore, work: Work): Promise<JoinedTakes> {
  const [blobs, { joinTakes }] = await Promise.all([
    takeBlobs(store, work),
    import('./recorder-join'),
  ]);
  return await joinTakes(blobs);
}

/** Is the file on the desk made of exactly these takes? */
export function joinedFrom(takes: readonly Take[]): string {
  return takes.map((take) => `${take.id}@${take.speed}`).join(' ');
}

/** Is there anything worth going on with? */
export function filmedEnough(takes: readonly Take[]): boolean {
  return totalShownMs(takes) >= 500;
}
