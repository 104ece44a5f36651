/** What this device keeps of a person, gone with the person: drafts, uploads, messages, keys. */
import { workStore } from './drafts-store';
import { flagUploads } from './upload-flag';

/** Others who use this device keep theirs. What can't be removed is no reason to fail: the realm's part is done. */
export async function forgetOnDevice(person: string): Promise<void> {
  // The readable mark that somebody is signed in; the session behind it is gone.
  document.cookie = 'reelm_here=; path=/; max-age=0';
  try {
    const store = await workStore();
    for (const work of await store.list(person)) await store.remove(work.id);
    for (const upload of await store.listUploads(person)) await store.removeUpload(upload.workId);
    flagUploads(false);
    await (await import('$lib/messages/forget')).forgetMessages(person);
    localStorage.removeItem('reelm.import');
    localStorage.removeItem('reelm.seen');
    localStorage.removeItem('reelm.told');
    await caches.delete('reelm-device');
    localStorage.removeItem('reelm.promises');
    localStorage.removeItem('reelm.without-profiling');
  } catch {
    // A browser without a database has nothing to forget.
  }
}
