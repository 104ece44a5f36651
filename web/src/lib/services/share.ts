import { clipLink, countShare } from './clips';
import type { Clip } from '$lib/api/types';

export function canShareNatively(): boolean {
  return typeof navigator.share === 'function';
}

/** Opens the device's own share sheet; false when the person closed it. */
export async function shareNatively(clip: Clip): Promise<boolean> {
  try {
    await navigator.share({ url: clipLink(clip.id), text: clip.caption || undefined });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') return false;
    throw cause;
  }
  void countShare(clip.id).catch(() => undefined);
  return true;
}

export async function copyLink(clip: Clip): Promise<void> {
  await navigator.clipboard.writeText(clipLink(clip.id));
  void countShare(clip.id).catch(() => undefined);
}
