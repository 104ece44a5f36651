/** The arithmetic of filming: speeds, the sound's position, what is left, which format. Pure. */

import { CLIP_ASPECT } from './studio-edit';

export const SPEEDS = [0.5, 1, 2] as const;
export type Speed = (typeof SPEEDS)[number];
export const COUNTDOWNS = [0, 3, 10] as const;
export type Countdown = (typeof COUNTDOWNS)[number];

/** A finished take: how long the camera ran and how fast it shall be shown. */
export interface Take {
  id: string;
  filmedMs: number;
  speed: Speed;
  mime: string;
  /** Was the microphone open? Otherwise the take's audio is silence. */
  voiced: boolean;
}

/** How long a take lasts when shown: 4 s filmed at 2× pass in 2 s. */
export function shownMs(take: Pick<Take, 'filmedMs' | 'speed'>): number {
  return take.filmedMs / take.speed;
}

export function totalShownMs(takes: readonly Pick<Take, 'filmedMs' | 'speed'>[]): number {
  return takes.reduce((sum, take) => sum + shownMs(take), 0);
}

/**
 * The speed at which the sound plays while filming. The clip is later shown `speed` times as fast,
 * so the sound goes that much slower now, and in the result it runs at its own pace.
 */
export function soundRateWhileFilming(speed: Speed): number {
  return 1 / speed;
}

/** Where in the sound a take begins: after everything already in the can. */
export function soundPositionMs(
  offsetMs: number,
  takes: readonly Pick<Take, 'filmedMs' | 'speed'>[],
  currentFilmedMs = 0,
  currentSpeed: Speed = 1,
): number {
  return offsetMs + totalShownMs(takes) + currentFilmedMs / currentSpeed;
}

/** How long the camera may still run at this speed. */
export function filmableMs(
  takes: readonly Pick<Take, 'filmedMs' | 'speed'>[],
  speed: Speed,
  longestMs: number,
): number {
  return Math.max(0, (longestMs - totalShownMs(takes)) * speed);
}

/** The lengths offered: the sound's own, the usual ones that the realm allows, and the longest. */
export function lengthChoices(longestMs: number, soundMs: number | null = null): number[] {
  const usual = [15_000, 60_000, 180_000].filter((each) => each < longestMs);
  const own = soundMs !== null && soundMs < longestMs ? [soundMs] : [];
  return [...new Set([...own, ...usual, longestMs])];
}

/** Each take as a piece of the ring, fractions of the whole. */
export function ringPieces(
  takes: readonly Pick<Take, 'filmedMs' | 'speed'>[],
  longestMs: number,
): { from: number; to: number }[] {
  let at = 0;
  return takes.map((take) => {
    const from = at;
    at = Math.min(1, at + shownMs(take) / longestMs);
    return { from, to: at };
  });
}

/** In order of preference: what the server can publish without re-encoding comes first. */
export const RECORDING_TYPES = [
  'video/mp4;codecs=avc1.640028,mp4a.40.2',
  'video/mp4;codecs=avc1.42E01F,mp4a.40.2',
  'video/mp4;codecs=avc1.640028,opus',
  'video/mp4;codecs=avc1.42E01F,opus',
  'video/webm;codecs=vp9,opus',
  'video/webm;codecs=vp8,opus',
  'video/webm',
  'video/mp4',
] as const;

export function bestRecordingType(isSupported: (type: string) => boolean): string | null {
  return RECORDING_TYPES.find((type) => isSupported(type)) ?? null;
}

/** The canvas that is recorded: portrait, even numbers, never more than the camera gives or 1080p. */
export function recordingSize(
  cameraWidth: number,
  cameraHeight: number,
  longEdge = 1280,
): { width: number; height: number } {
  const portraitHeight = Math.min(cameraHeight, cameraWidth / CLIP_ASPECT);
  const height = Math.max(320, Math.min(longEdge, portraitHeight));
  const even = (value: number): number => Math.round(value / 2) * 2;
  return { width: even(height * CLIP_ASPECT), height: even(height) };
}

/** The middle of the camera's picture that fills the canvas: source rectangle for drawImage. */
export function portraitMiddle(
  cameraWidth: number,
  cameraHeight: number,
  zoom = 1,
): { x: number; y: number; width: number; height: number } {
  const wide = cameraWidth / cameraHeight > CLIP_ASPECT;
  const width = (wide ? cameraHeight * CLIP_ASPECT : cameraWidth) / zoom;
  const height = (wide ? cameraHeight : cameraWidth / CLIP_ASPECT) / zoom;
  return { x: (cameraWidth - width) / 2, y: (cameraHeight - height) / 2, width, height };
}

/** Bits per second that keep motion clean at 30 pictures a second, measured in pixels. */
export function videoBitsPerSecond(width: number, height: number): number {
  return Math.round(Math.min(8_000_000, Math.max(1_500_000, width * height * 30 * 0.16)));
}

/** Can a voice be recorded at this speed, in recordings of this type? */
export async function voiceFits(
  speed: Speed,
  mime: string,
  supports: ((config: AudioEncoderConfig) => Promise<boolean>) | null,
): Promise<boolean> {
  if (speed === 1) return true;
  if (!supports) return false;
  const codec = mime.includes('mp4a') ? 'mp4a.40.2' : 'opus';
  return await supports({ codec, sampleRate: 48_000, numberOfChannels: 2, bitrate: 96_000 });
}

export type CameraTrouble = 'refused' | 'missing' | 'busy' | 'insecure' | 'unsupported' | 'unknown';

/** Why a camera didn't open, from the error's name. */
export function cameraTrouble(error: unknown): CameraTrouble {
  const name = error instanceof Error || error instanceof DOMException ? error.name : '';
  switch (name) {
    case 'NotAllowedError':
    case 'PermissionDeniedError':
      return 'refused';
    case 'NotFoundError':
    case 'DevicesNotFoundError':
    case 'OverconstrainedError':
      return 'missing';
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return 'busy';
    case 'SecurityError':
      return 'insecure';
    default:
      return 'unknown';
  }
}
