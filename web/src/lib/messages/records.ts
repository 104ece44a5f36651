/** The rows of a device's store, and the texts they stand under; everything is a person's own. */
import type { PrivateKeyPackage } from 'ts-mls';

import type { Draft, Store } from './store';
import type { Line } from './types';
import type { WireBeginning, WireCommit, WireTalk } from './wire';

export interface SelfRow {
  recovery: Uint8Array<ArrayBuffer>;
  device: string;
  signKey: Uint8Array;
  publicKey: Uint8Array;
  /** The realm knows the device. */
  registered: boolean;
}

export interface PackageRow {
  ref: string;
  bytes: Uint8Array;
  keys: PrivateKeyPackage;
  last: boolean;
  madeAt: number;
}

/** A commit that may or may not have reached the realm, with the state that holds once it has. */
export type Pending =
  | { kind: 'begin'; request: WireBeginning; state: Uint8Array }
  | { kind: 'commit'; request: WireCommit; state: Uint8Array };

export interface TalkRow {
  id: string;
  meta: WireTalk;
  /** The realm has taken the conversation. */
  begun: boolean;
  /** The state of its group; null before joining and after being removed. */
  state: Uint8Array | null;
  /** The number of the last entry that was worked through. */
  cursor: number;
  pending: Pending | null;
  /** Everybody who was ever in it, as far as this device has seen. */
  known: string[];
  title: string | null;
  titleSeq: number;
  last: string | null;
  lastSeq: number;
  /** The realm may drop the welcome. */
  welcomed: boolean;
  /** Why its entries can't be worked through, if so. */
  broken: string | null;
  /** This device came in from outside and has not read any history yet. */
  wantsHistory: boolean;
  /** The history above this number is here; null before any was fetched. */
  historyFrom: number | null;
  historyDone: boolean;
}

export interface LineRow {
  id: string;
  conversation: string;
  seq: number | null;
  sender: string;
  at: string;
  state: Line['state'];
  type: Line['type'];
  text?: string;
  clip?: string;
  to?: number;
  title?: string;
  /** As it was opened or sent, with its franking key; null once it is unsent. */
  payload: string | null;
  unsent: boolean;
  failure?: string;
}

/** A reaction to, or the taking back of, the message `to`. */
export interface MarkRow {
  to: number;
  seq: number;
  person: string;
  /** Null when it takes the message back. */
  emoji: string | null;
}

export interface OutRow {
  order: number;
  conversation: string;
  /** The payload's id, and the request's. */
  id: string;
  payload: string;
  sealed: { epoch: number; body: string; commitment: string } | null;
  /** The realm refused it. */
  failed?: boolean;
}

export interface HistoryRow {
  conversation: string;
  seq: number;
  body: string;
}

export interface PinRow {
  person: string;
  handle: string;
  key: Uint8Array;
  verified: boolean;
  changed: Uint8Array | null;
  old: Uint8Array[];
}

export interface SendsRow {
  person: string;
  score: number;
  at: number;
}

const NUMBER_CHARS = 15;
export const padNumber = (value: number): string => String(value).padStart(NUMBER_CHARS, '0');

/** The texts rows stand under. */
export class Keys {
  constructor(readonly me: string) {}

  get all(): string {
    return `${this.me}|`;
  }

  self = (): string => `${this.me}|`;
  one = (id: string): string => `${this.me}|${id}`;
  within = (talk: string): string => `${this.me}|${talk}|`;
  line = (talk: string, id: string): string => `${this.me}|${talk}|${id}`;
  numbered = (talk: string, seq: number): string => `${this.me}|${talk}|${padNumber(seq)}`;
  mark = (talk: string, mark: MarkRow): string =>
    `${this.numbered(talk, mark.to)}|${mark.emoji === null ? 'unsend' : 'react'}|${mark.person}`;
}

export async function allTalks(store: Store, keys: Keys): Promise<TalkRow[]> {
  return await store.range<TalkRow>('talks', { prefix: keys.all });
}

export function newTalk(meta: WireTalk): TalkRow {
  return {
    id: meta.id,
    meta,
    begun: true,
    state: null,
    cursor: 0,
    pending: null,
    known: [],
    title: null,
    titleSeq: 0,
    last: null,
    lastSeq: 0,
    welcomed: false,
    broken: null,
    wantsHistory: false,
    historyFrom: null,
    historyDone: false,
  };
}

/** Puts a line under its id and, once it has one, its number. */
export function putLine(draft: Draft, keys: Keys, line: LineRow): void {
  draft.put('lines', keys.line(line.conversation, line.id), line);
  if (line.seq !== null) draft.put('seqs', keys.numbered(line.conversation, line.seq), line.id);
}
