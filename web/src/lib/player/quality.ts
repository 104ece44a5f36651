import type { ClipMedia, Rendition } from '$lib/api/types';
import { preferences } from '$lib/state/preferences.svelte';
import { mediaSourceClass, mimeOf } from './sources';
import { networkHint, throughput } from './ranges';
import { chooseRendition } from './throughput';

export function savesData(): boolean {
  return preferences.dataSaver || networkHint().saveData === true;
}

/** The rendition for this screen and network among those this browser can decode. */
export function pickRendition(media: ClipMedia): Rendition | null {
  const Source = mediaSourceClass();
  if (!Source) return null;
  const playable = media.renditions.filter(
    (one) => one.fragments.length > 0 && Source.isTypeSupported(mimeOf(one)),
  );
  return chooseRendition(playable, {
    shortEdge: Math.min(window.innerWidth, 560) * Math.min(window.devicePixelRatio || 1, 2),
    bitsPerSecond: throughput.bitsPerSecond,
    saveData: savesData(),
  });
}
