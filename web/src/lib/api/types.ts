/** The shapes the realm's API speaks in, named in the product's own words. */

export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  fields?: Record<string, string> | null;
  retry_after_seconds?: number | null;
  request_id?: string | null;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface PersonCard {
  handle: string;
  display_name: string;
  avatar_url: string | null;
}

export interface PersonCounts {
  followers: number;
  following: number;
  clips: number;
  likes: number;
}

export type AgeBand = 'under16' | '16to17' | 'adult';

export interface Me extends PersonCard {
  id: string;
  bio: string;
  language: string;
  country: string;
  birth_date: string;
  age_band: AgeBand;
  private: boolean;
  email: string | null;
  phone: string | null;
  role: 'person' | 'operator';
  counts: PersonCounts;
  created_at: string;
}

export type FollowState = 'none' | 'requested' | 'following';

export interface Person extends PersonCard {
  id: string;
  bio: string;
  private: boolean;
  counts: PersonCounts;
  viewer: {
    follow: FollowState;
    follows_me: boolean;
    friend: boolean;
    blocked: boolean;
    own: boolean;
  } | null;
}

export interface SoundCard {
  id: string;
  title: string;
  author: PersonCard | null;
  duration_ms: number;
  cover_url: string | null;
}

export interface Sound extends SoundCard {
  audio_url: string;
  waveform: number[];
  uses: number;
  origin_clip_id: string | null;
}

export type Visibility = 'everyone' | 'followers' | 'friends' | 'only_me';
export type ClipStatus = 'draft' | 'processing' | 'ready' | 'failed';

export interface Rendition {
  url: string;
  width: number;
  height: number;
  bytes: number;
  bandwidth: number;
  codecs: string;
  init_bytes: number;
  fragment_ms: number;
  /** Byte size of each fragment, in order, after the init segment. */
  fragments: number[];
}

export interface ClipMedia {
  renditions: Rendition[];
  hls_url: string;
  poster_url: string;
  preview_url: string | null;
  thumbhash: string;
  duration_ms: number;
  width: number;
  height: number;
  gain_db: number;
  has_audio: boolean;
}

export interface ClipCounts {
  views: number;
  likes: number;
  comments: number;
  reposts: number;
  shares: number;
}

export interface ClipPermissions {
  comments: boolean;
  download: boolean;
  sound_reuse: boolean;
}

export interface Clip {
  id: string;
  status: ClipStatus;
  author: PersonCard;
  caption: string;
  tags: string[];
  mentions: string[];
  sound: SoundCard | null;
  visibility: Visibility;
  permissions: ClipPermissions;
  labels: { ai: boolean; paid: boolean };
  language: string;
  created_at: string;
  published_at: string | null;
  media: ClipMedia | null;
  counts: ClipCounts;
  viewer: { liked: boolean; reposted: boolean; follow: FollowState; own: boolean } | null;
  failure: { code: string; detail: string } | null;
  draft: boolean;
  publish_at: string | null;
}

export interface Comment {
  id: string;
  clip_id: string;
  parent_id: string | null;
  author: PersonCard;
  text: string;
  created_at: string;
  counts: { likes: number; replies: number };
  pinned: boolean;
  hearted: boolean;
  viewer: { liked: boolean; own: boolean; may_delete: boolean; may_pin: boolean } | null;
}

export type NoticeKind =
  | 'like'
  | 'comment'
  | 'reply'
  | 'mention'
  | 'follow'
  | 'follow_request'
  | 'follow_accepted'
  | 'repost'
  | 'clip_ready'
  | 'clip_failed'
  | 'heart'
  | 'pin';

export interface Notice {
  id: string;
  kind: NoticeKind;
  actor: PersonCard | null;
  clip_id: string | null;
  clip_poster_url: string | null;
  comment_id: string | null;
  text: string | null;
  created_at: string;
  read: boolean;
}

export interface Realm {
  name: string;
  edition: { name: string; mark: string; accent: string; accent_text: string; languages: string[] };
  operator: { name: string; country: string };
  owners: { name: string }[];
  storage: { site: string; country: string }[];
  minimum_age: number;
  limits: {
    upload_bytes: number;
    clip_seconds: number;
    caption_chars: number;
    comment_chars: number;
  };
  check: { state: string; checked_at: string | null; by: string[] };
  release: string;
}

export interface SessionInfo {
  id: string;
  created_at: string;
  last_seen_at: string;
  client: string;
  current: boolean;
}

export interface TagCount {
  tag: string;
  uses: number;
}

export interface Passkey {
  id: string;
  name?: string | null;
  created_at: string;
  last_used_at?: string | null;
}

export type ClipStage = 'received' | 'probing' | 'encoding' | 'publishing' | 'ready' | 'failed';

/** One step of a clip's way through the worker, from the live stream. */
export interface ClipProgress {
  clip_id: string;
  status: ClipStatus;
  stage: ClipStage;
  percent: number;
  failure: { code: string; detail: string } | null;
}

export type FeedName = 'for-you' | 'following' | 'friends' | 'local';

export type WatchEventKind =
  | 'impression'
  | 'progress'
  | 'loop'
  | 'finish'
  | 'skip'
  | 'like'
  | 'share'
  | 'not_interested';

export interface WatchEvent {
  id: string;
  clip_id: string;
  kind: WatchEventKind;
  at: string;
  watched_ms?: number;
  position_ms?: number;
  source?: string;
}
