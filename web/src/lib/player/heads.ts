/** First fragments of clips to come, kept ready so that a swipe starts at once. */
import type { Clip, Rendition } from '$lib/api/types';
import { FragmentIndex } from './fragments';
import { fetchRange } from './ranges';
import { pickRendition } from './quality';

const HEAD_MS = 1000;
const KEPT = 8;
/** A head that failed is not asked for ahead of time again before this. */
const REST_MS = 8000;

export interface Head {
  rendition: Rendition;
  index: FragmentIndex;
  /** How many fragments `bytes` holds after the init segment. */
  fragments: number;
  bytes: Promise<ArrayBuffer>;
}

const heads = new Map<string, Head>();
const failedAt = new Map<string, number>();

/**
 * The head of a clip, fetched once; null when no rendition can be played through
 * Media Source, or when it just failed and is only wanted ahead of time.
 */
export function headOf(clip: Clip, priority: 'high' | 'low'): Head | null {
  const kept = heads.get(clip.id);
  if (kept) {
    heads.delete(clip.id);
    heads.set(clip.id, kept);
    return kept;
  }
  const rest = failedAt.get(clip.id);
  if (priority === 'low' && rest !== undefined && performance.now() - rest < REST_MS) return null;
  const rendition = clip.media && pickRendition(clip.media);
  if (!rendition) return null;
  const index = new FragmentIndex(rendition);
  const fragments = index.covering(HEAD_MS);
  const bytes = fetchRange(rendition.url, index.head(fragments), { priority });
  const head: Head = { rendition, index, fragments, bytes };
  heads.set(clip.id, head);
  bytes.then(
    () => failedAt.delete(clip.id),
    () => {
      failedAt.set(clip.id, performance.now());
      if (heads.get(clip.id) === head) heads.delete(clip.id);
    },
  );
  for (const oldest of heads.keys()) {
    if (heads.size <= KEPT) break;
    heads.delete(oldest);
  }
  return head;
}

export function forgetHead(clipId: string): void {
  heads.delete(clipId);
}
