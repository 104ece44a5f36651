/** What a file says of itself. Loaded when the first file is looked at, for it brings the parsers. */
import { BlobSource, Input, MATROSKA, MP4, MPEG_TS, QTFF, WEBM } from 'mediabunny';

import { SNIFF_BYTES, sniffContainer, type SourceInfo } from './studio-file';

export type Probe = { info: SourceInfo; refusal: null } | { info: null; refusal: ProbeRefusal };
export type ProbeRefusal = 'media.truncated' | 'media.no_video_track';

/**
 * Length, displayed size and tracks, without decoding a picture. A container this browser has no
 * parser for (AVI, MPEG) passes with nothing known: the server looks again in any case.
 */
export async function probeFile(blob: Blob): Promise<Probe> {
  const head = new Uint8Array(await blob.slice(0, SNIFF_BYTES).arrayBuffer());
  const sniffed = sniffContainer(head);
  const container = sniffed === 'playlist' ? null : sniffed;
  const unknown: SourceInfo = {
    container,
    durationMs: null,
    width: null,
    height: null,
    hasAudio: null,
  };
  if (container === 'avi' || container === 'mpeg' || container === null)
    return { info: unknown, refusal: null };
  const input = new Input({
    source: new BlobSource(blob),
    formats: [MP4, QTFF, WEBM, MATROSKA, MPEG_TS],
  });
  try {
    const video = await input.getPrimaryVideoTrack();
    if (video === null) {
      // No track at all: the index at the file's end is missing, and the end with it.
      const empty = (await input.getTracks()).length === 0;
      return { info: null, refusal: empty ? 'media.truncated' : 'media.no_video_track' };
    }
    const audio = await input.getPrimaryAudioTrack();
    const seconds = (await input.getDurationFromMetadata()) ?? (await input.computeDuration());
    return {
      info: {
        container,
        durationMs: seconds > 0 ? Math.round(seconds * 1000) : null,
        width: await video.getDisplayWidth(),
        height: await video.getDisplayHeight(),
        hasAudio: audio !== null,
      },
      refusal: null,
    };
  } catch {
    // An index that can't be read: cut off in the middle, nearly always.
    return { info: null, refusal: 'media.truncated' };
  } finally {
    input.dispose();
  }
}
