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

export type ReceiptLine = Schemas['ReceiptLine'];
export type ReceiptView = Schemas['ReceiptView'];

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

export type Reach = Schemas['Reach'];
export type ListName = Schemas['ListName'];
export type PublicList = Schemas['PublicList'];
export type MyFeed = Schemas['FeedControls'];
export type FeedSettings = Schemas['FeedSettings'];
export type Taste = Schemas['Taste'];
export type FeedWish = Schemas['Wish'];
export type WishKind = FeedWish['kind'];

export type KeptData = Schemas['OwnData'];
export type KeptTable = Schemas['OwnTable'];
export type DataClass =
  | 'public'
  | 'social'
  | 'identity'
  | 'private'
  | 'telemetry'
  | 'derived'
  | 'operational';
export type DataRow = Record<string, unknown>;
export type ExportJob = Schemas['Export'];
export type ImportJob = Schemas['Import'];
export type ErasureProof = Schemas['ErasureNew'];
export type ErasureAnswer = Schemas['Erased'];
export type Opening = Schemas['Opening'];
export type StaffMe = Schemas['StaffMe'];
export type StaffMember = Schemas['StaffMember'];
export type Grant = Schemas['Grant'];
export type GrantNew = Schemas['GrantAsk'];
export type GrantClass = GrantNew['classes'][number];
export type GrantReason = Grant['reason'];
export type GrantState = Grant['state'];
export type Opened = Schemas['Opened'];
export type WaitingReport = Schemas['WaitingReport'];
export type OpenedReport = Schemas['OpenedReport'];
export type OwnReport = Schemas['OwnReport'];

export type Ledger = Schemas['LedgerState'] & {
  state: 'unwitnessed' | 'witnessed' | 'late' | 'stopped' | 'starting';
};
/** An entry's own fields, as its writer put them: nothing of them is taken for granted. */
export type EntryBody = Record<string, unknown> & { kind: string; at: string; charter: string };
export interface LedgerEntry {
  index: number;
  entry: EntryBody;
}
export interface LedgerEntryFull extends LedgerEntry {
  /** The exact bytes, base64. */
  body: string;
}
export type GrantCounts = Schemas['GrantsTransparency'];
export interface DataMap {
  digest: string;
  document_url: string;
  entry_index: number | null;
  tables: {
    name: string;
    room: string;
    purpose: string;
    retention: string;
    columns: { name: string; class: DataClass; sealed: boolean }[];
    classes: DataClass[];
  }[];
  device: { key: string; what: string; why: string; kept: string; apis: string[] }[];
  article30: Record<string, unknown>;
  sites: { site: string; country: string }[];
}
