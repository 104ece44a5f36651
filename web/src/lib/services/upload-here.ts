/** This browser's one upload manager, made when it is first needed. */
import { workStore } from './drafts-store';
import { clipsApi } from './studio-api';
import { UploadManager } from './upload';
import { flagUploads } from './upload-flag';
import { browserWorld } from './upload-tus';

let manager: Promise<UploadManager> | null = null;

export function uploadManager(): Promise<UploadManager> {
  manager ??= workStore().then(
    (store) => new UploadManager(store, clipsApi(), browserWorld(), flagUploads),
  );
  return manager;
}
