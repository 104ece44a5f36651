/**
 * What can be said of a file before a byte of it is sent: what kind it is, how long, how large.
 *
 * A refusal carries the same dotted code the server would answer with, so one table of sentences
 * serves both. Whatever this browser is unsure of is left for the server to decide.
 */

export interface RealmLimits {
  upload_bytes: number;
  clip_seconds: number;
  caption_chars: number;
}

export type Container = 'mp4' | 'webm' | 'ts' | 'mpeg' | 'avi';

export interface SourceInfo {
  container: Container | null;
  durationMs: number | null;
  /** As displayed, after rotation. Null when the container doesn't say. */
  width: number | null;
  height: number | null;
  hasAudio: boolean | null;
}

export type RefusalCode =
  | 'media.empty'
  | 'uploads.too_large'
  | 'media.not_a_video'
  | 'media.playlist_refused'
  | 'media.no_video_track'
  | 'media.too_long'
  | 'media.truncated';

/** Bytes needed by `sniffContainer`: two packets of an MPEG transport stream and a bit. */
export const SNIFF_BYTES = 600;

function ascii(bytes: Uint8Array, from: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(from, from + length));
}

/** The container by its first bytes; a name or a MIME type is only a claim. */
export function sniffContainer(bytes: Uint8Array): Container | 'playlist' | null {
  if (bytes.length >= 12) {
    const box = ascii(bytes, 4, 4);
    if (['ftyp', 'moov', 'mdat', 'wide', 'free', 'skip', 'pnot'].includes(box)) return 'mp4';
  }
  if (bytes[0] === 0x1a && bytes[1] === 0x45 && bytes[2] === 0xdf && bytes[3] === 0xa3)
    return 'webm';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'AVI ') return 'avi';
  if (ascii(bytes, 0, 4) === '\0\0\u0001\u00ba') return 'mpeg';
  if (bytes[0] === 0x47 && bytes[188] === 0x47) return 'ts';
  if (bytes[4] === 0x47 && bytes[196] === 0x47) return 'ts';
  const text = ascii(bytes, 0, Math.min(bytes.length, 200))
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart();
  if (text.startsWith('#EXTM3U') || text.startsWith('ffconcat') || text.includes('<MPD')) {
    return 'playlist';
  }
  return null;
}

/** Refusals that need only the file's size and first bytes. */
export function refuseByHead(
  size: number,
  head: Uint8Array,
  limits: Pick<RealmLimits, 'upload_bytes'>,
): RefusalCode | null {
  if (size === 0) return 'media.empty';
  if (size > limits.upload_bytes) return 'uploads.too_large';
  const container = sniffContainer(head);
  if (container === 'playlist') return 'media.playlist_refused';
  return container === null ? 'media.not_a_video' : null;
}

/** Containers round their length; the server allows as much. */
const LENGTH_TOLERANCE_MS = 1000;

/** Is the file longer than this realm takes, as a whole and before any trim? */
export function isTooLong(info: SourceInfo, limits: Pick<RealmLimits, 'clip_seconds'>): boolean {
  if (info.durationMs === null) return false;
  return info.durationMs > limits.clip_seconds * 1000 + LENGTH_TOLERANCE_MS;
}

/** Name, size and date of change: the same file chosen again, as far as a browser can tell. */
export function fingerprint(file: { name: string; size: number; lastModified: number }): string {
  return `${file.size}-${file.lastModified}-${file.name}`;
}
