/**
 * Work in progress, kept on this device: what was filmed or picked, every decision, and how far the
 * upload is. A closed tab, a dead battery or a reload loses at most the last second of a recording.
 *
 * The bytes live in IndexedDB beside the record. Where the device has no room for them the record
 * stays alone, and the person is asked for the same file again (`fingerprint` tells if it is).
 */
import { edition } from './edition';
import type { EditState } from './studio-edit';
import { untouchedEdit } from './studio-edit';
import type { SourceInfo } from './studio-file';
import type { Speed, Take } from './recorder-plan';

export type Visibility = 'everyone' | 'followers' | 'friends' | 'close_friends' | 'only_me';

export interface Details {
  caption: string;
  visibility: Visibility;
  permissions: { comments: boolean; download: boolean; sound_reuse: boolean };
  labels: { ai: boolean; paid: boolean };
  language: string;
  /** RFC 3339 UTC, null: as soon as it is ready. */
  publishAt: string | null;
}

export interface ChosenSound {
  id: string;
  title: string;
  author: string | null;
  durationMs: number;
  audioUrl: string;
  waveform: number[];
}

/** What the person has asked for; `none` while they are still deciding. */
export type Intent = 'none' | 'publish' | 'draft';

/** How far the bytes are. Written only by the upload manager, so that no screen undoes its progress. */
export interface UploadRecord {
  workId: string;
  person: string;
  name: string;
  type: string;
  size: number;
  url: string | null;
  offset: number;
  /** Everything acknowledged. */
  complete: boolean;
  intent: Intent;
  /** Counts the presses of "Publish": each is an attempt with an idempotency key of its own. */
  submission: number;
  clipId: string | null;
  /** Ready, or kept as a draft: shown until the page is left, then forgotten. */
  finished: boolean;
  /** For the list, once the work itself is gone. */
  caption: string;
  thumbnail: string | null;
  createdAt: number;
}

export interface Work {
  id: string;
  /** The account it belongs to: another person on this device must not see it. */
  person: string;
  createdAt: number;
  updatedAt: number;
  origin: 'file' | 'camera';
  file: { name: string; type: string; size: number; lastModified: number } | null;
  /** Are the bytes in this browser's store? */
  kept: boolean;
  takes: Take[];
  /** The take that is running, noted before its first chunk; null between takes. */
  begun: { id: string; speed: Speed; mime: string; voiced: boolean } | null;
  /** Which takes the file was put together from. */
  joinedFrom: string;
  /** The longest length chosen while filming. */
  lengthMs: number | null;
  /** Size of the filmed picture: later takes must have the same. */
  filmSize: { width: number; height: number } | null;
  info: SourceInfo | null;
  sound: ChosenSound | null;
  edit: EditState;
  details: Details;
  /** A small JPEG data address of the cover, for lists. */
  thumbnail: string | null;
  step: 'film' | 'edit' | 'details';
}

export function newDetails(language: string): Details {
  return {
    caption: '',
    visibility: edition.default_visibility,
    permissions: { comments: true, download: true, sound_reuse: true },
    labels: { ai: false, paid: false },
    language,
    publishAt: null,
  };
}

export function newWork(
  id: string,
  person: string,
  origin: Work['origin'],
  language: string,
  now: number,
): Work {
  return {
    id,
    person,
    createdAt: now,
    updatedAt: now,
    origin,
    file: null,
    kept: false,
    takes: [],
    begun: null,
    joinedFrom: '',
    lengthMs: null,
    filmSize: null,
    info: null,
    sound: null,
    edit: untouchedEdit(),
    details: newDetails(language),
    thumbnail: null,
    step: origin === 'camera' ? 'film' : 'edit',
  };
}

/** Does the work hold anything worth keeping? */
export function worthKeeping(work: Work): boolean {
  return work.file !== null || work.takes.length > 0 || work.begun !== null;
}
