import { describe, expect, it } from 'vitest';

import { fingerprint, isTooLong, refuseByHead, sniffContainer } from '$lib/services/studio-file';
import { sentenceKey, worthRetrying } from '$lib/services/studio-problems';

const bytes = (text: string) => Uint8Array.from(text, (each) => each.charCodeAt(0));
const limits = { upload_bytes: 1000, clip_seconds: 60, caption_chars: 500 };

function transportStream(first: number): Uint8Array {
  const out = new Uint8Array(600);
  for (let at = first; at < out.length; at += first === 4 ? 192 : 188) out[at] = 0x47;
  return out;
}

describe('the first bytes', () => {
  it('tell the container, whatever the name claims', () => {
    expect(sniffContainer(bytes('\0\0\0\x18ftypisom'))).toBe('mp4');
    expect(sniffContainer(bytes('\0\0\0\x08wide\0\0\0\0mdat'))).toBe('mp4');
    expect(sniffContainer(Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3, 0, 0, 0, 0, 0, 0, 0, 0))).toBe(
      'webm',
    );
    expect(sniffContainer(bytes('RIFF\0\0\0\0AVI LIST'))).toBe('avi');
    expect(sniffContainer(bytes('\0\0\x01\xba and more'))).toBe('mpeg');
    expect(sniffContainer(transportStream(0))).toBe('ts');
    expect(sniffContainer(transportStream(4))).toBe('ts');
    expect(sniffContainer(bytes('just a letter to a friend'))).toBeNull();
    expect(sniffContainer(new Uint8Array())).toBeNull();
  });

  it('give a playlist away', () => {
    expect(refuseByHead(9, bytes('#EXTM3U\n#EXT-X'), limits)).toBe('media.playlist_refused');
    expect(refuseByHead(9, bytes('ffconcat version 1.0'), limits)).toBe('media.playlist_refused');
  });
});

describe('refusals before a byte is sent', () => {
  it('name the reason with the server’s own codes', () => {
    expect(refuseByHead(0, new Uint8Array(), limits)).toBe('media.empty');
    expect(refuseByHead(1001, bytes('\0\0\0\x18ftypisom'), limits)).toBe('uploads.too_large');
    expect(refuseByHead(900, bytes('GIF89a and so on'), limits)).toBe('media.not_a_video');
    expect(refuseByHead(900, bytes('\0\0\0\x18ftypisom'), limits)).toBeNull();
  });

  it('are made for length only when it is known', () => {
    const info = {
      container: 'mp4' as const,
      durationMs: 61_500,
      width: 1,
      height: 1,
      hasAudio: true,
    };
    expect(isTooLong(info, limits)).toBe(true);
    expect(isTooLong({ ...info, durationMs: 60_800 }, limits)).toBe(false);
    expect(isTooLong({ ...info, durationMs: null }, limits)).toBe(false);
  });

  it('have a sentence, known or not', () => {
    expect(sentenceKey('media.truncated')).toBe('studio.problem.truncated');
    expect(sentenceKey('something.new')).toBe('studio.problem.unexpected');
    expect(worthRetrying('media.truncated')).toBe(false);
    expect(worthRetrying('uploads.quota_exceeded')).toBe(true);
  });
});

it('recognises the same file', () => {
  const file = { name: 'a.mov', size: 5, lastModified: 7 };
  expect(fingerprint(file)).toBe(fingerprint({ ...file }));
  expect(fingerprint(file)).not.toBe(fingerprint({ ...file, size: 6 }));
});
