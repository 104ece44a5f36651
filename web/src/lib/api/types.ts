/** The shapes the realm's API speaks in, named in the product's own words; all from its schema. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Problem = Omit<Schemas['Problem'], 'request_id'> & { request_id?: string };
export type PersonCard = Schemas['PersonCard'];
export type PersonCounts = Schemas['PersonCounts'];
export type Me = Schemas['Me'];
export type AgeBand = Me['age_band'];
export type Person = Schemas['Person'];
export type FollowState = NonNullable<Person['viewer']>['follow'];
export type SoundCard = Schemas['SoundCard'];
export type Sound = Schemas['Sound'];
export type Clip = Schemas['Clip'];
export type ClipStatus = Clip['status'];
export type ClipMedia = NonNullable<Clip['media']>;
export type Rendition = ClipMedia['renditions'][number];
export type ClipCounts = Schemas['ClipCounts'];
export type ClipPermissions = Schemas['Permissions'];
export type ClipChange = Schemas['ClipChange'];
export type ClipNew = Schemas['ClipNew'];
export type Visibility = Clip['visibility'];
export type Comment = Schemas['Comment'];
export type Notice = Schemas['Notice'];
export type NoticeKind = Notice['kind'];
export type Realm = Schemas['RealmInfo'];
export type SessionInfo = Schemas['SessionOut'];
export type Passkey = Schemas['PasskeyOut'];
export type PasskeyProof = Schemas['PasskeyAnswerIn'];
export type TagCount = Schemas['TagCount'];
export type Suggestion = Schemas['Suggestion'];
export type SearchAnswer = Schemas['SearchResults'];
export type Trending = Schemas['Trending'];
export type NewAccount = Schemas['SignUp'];
export type MeChange = Schemas['MeChange'];
export type WatchEvent = Schemas['WatchEvent'];
export type WatchEventKind = WatchEvent['kind'];

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

export type FeedName = 'for-you' | 'following' | 'friends' | 'local';
export type ClipStage = 'received' | 'probing' | 'encoding' | 'publishing' | 'ready' | 'failed';

/** One step of a clip's way through the worker, from the live stream, which no schema describes. */
export interface ClipProgress {
  clip_id: string;
  status: ClipStatus;
  stage: ClipStage;
  percent: number;
  failure: Clip['failure'];
}
