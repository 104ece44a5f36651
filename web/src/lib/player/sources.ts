/** Which way this browser takes bytes: Apple's managed source first, then the plain one. */

import type { Rendition } from '$lib/api/types';

export interface ManagedSource extends MediaSource {
  readonly streaming: boolean;
}

interface SourceWindow {
  ManagedMediaSource?: { new (): ManagedSource; isTypeSupported(type: string): boolean };
  MediaSource?: typeof MediaSource;
}

export type SourceClass = { new (): MediaSource; isTypeSupported(type: string): boolean };

export function mediaSourceClass(from: SourceWindow = globalThis as SourceWindow): SourceClass | null {
  return from.ManagedMediaSource ?? from.MediaSource ?? null;
}

export function isManaged(source: MediaSource): source is ManagedSource {
  return 'streaming' in source;
}

export function mimeOf(rendition: Pick<Rendition, 'codecs'>): string {
  return `video/mp4; codecs="${rendition.codecs}"`;
}
