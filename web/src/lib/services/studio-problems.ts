/** From a problem's dotted code to the sentence a person reads. */

/** Codes that have a sentence of their own under `studio.problem.*`. */
const SENTENCES: Record<string, string> = {
  'media.not_a_video': 'not_a_video',
  'media.truncated': 'truncated',
  'media.unreadable': 'unreadable',
  'media.empty': 'empty',
  'media.zero_length': 'empty',
  'media.too_long': 'too_long',
  'media.too_short': 'too_short',
  'media.too_large_frame': 'too_large_frame',
  'media.too_heavy': 'too_heavy',
  'media.playlist_refused': 'playlist',
  'media.no_video_track': 'no_picture',
  'media.codec_unsupported': 'codec',
  'media.invalid_edit': 'edit',
  'media.encode_failed': 'encode',
  'media.failed': 'encode',
  'media.disk_full': 'storage_full',
  'media.cancelled': 'cancelled',
  'media.sandbox_weak': 'closed',
  'uploads.too_large': 'too_large',
  'uploads.quota_exceeded': 'quota',
  'uploads.too_many': 'quota',
  'uploads.empty': 'empty',
  'uploads.type_unsupported': 'not_a_video',
  'uploads.used': 'upload_gone',
  'uploads.incomplete': 'upload_gone',
  'uploads.storage_full': 'storage_full',
  'uploads.not_found': 'upload_gone',
  'uploads.refused': 'refused',
  'clips.caption_too_long': 'caption_too_long',
  'clips.original_gone': 'upload_gone',
  'clips.sound_gone': 'sound_gone',
  'sounds.not_reusable': 'sound_gone',
  'accounts.sign_in_required': 'sign_in',
  'device.no_room': 'no_room',
  'device.file_gone': 'file_gone',
  'device.offline': 'offline',
};

/** Key of the sentence for a code; an unknown code gets the sentence for the unexpected. */
export function sentenceKey(code: string): string {
  return `studio.problem.${SENTENCES[code] ?? 'unexpected'}`;
}

/** The realm's own troubles pass; the same bytes may succeed later. */
const PASSING = new Set([
  'media.encode_failed',
  'media.disk_full',
  'media.cancelled',
  'media.sandbox_weak',
  'media.failed',
]);

/** Can the same bytes succeed at another try? Otherwise another file is needed. */
export function worthRetrying(code: string): boolean {
  if (PASSING.has(code)) return true;
  return !code.startsWith('media.') && code !== 'uploads.too_large';
}
