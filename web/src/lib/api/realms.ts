/** What the realm says of itself and of other realms: the shapes of charter, sites, border, crossings and network. */
import { client } from './client';
import type { DataClass, Page } from './types';

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

interface Asked {
  params?: { path?: Record<string, string>; query?: Record<string, unknown> };
  body?: unknown;
}

type Call = <T>(path: string, init?: Asked) => Promise<Answer<T>>;

/** Calls of routes that the API's description doesn't have yet. */
export const realmApi = client as unknown as Record<'GET' | 'PUT' | 'POST' | 'DELETE', Call>;

export type Act = 'Create' | 'Update' | 'Delete' | 'Follow' | 'Accept' | 'Reject' | 'Undo' | 'Like' | 'Announce' | 'Move' | 'Flag';
export type CrossingState = 'asked' | 'recorded' | 'delivered' | 'refused' | 'dead' | 'taken_back';

export interface Crossing {
  id: string;
  realm: string;
  realm_name: string;
  act: Act;
  object_type: string;
  purpose: string;
  thing: { kind: string; id: string; text: string } | null;
  classes: DataClass[];
  fields: string[];
  removed: string[];
  policy: string | null;
  state: CrossingState;
  reason: string | null;
  made_at: string;
  done_at: string | null;
  entry_index: number | null;
}

export interface ConsentGiven {
  realm: string;
  name: string;
  given_at: string;
  follows: number;
  likes: number;
  comments: number;
}

export interface HeldBytes {
  data_class: DataClass;
  bytes: number;
}

export type Purpose = 'primary' | 'backup' | 'cdn' | 'kms';

export interface SiteInfo {
  site: string;
  country: string;
  purposes: Purpose[];
  signer: string;
  self_signed: boolean;
  statement: { at: string; held: HeldBytes[]; entry_index: number | null } | null;
}

export interface OperatorInfo {
  name: string;
  country: string;
  legal_entity?: string;
}

export interface OwnerInfo {
  name: string;
  country?: string;
  share?: string;
  ultimate_parent?: string;
}

export interface Sites {
  operator: OperatorInfo;
  owners: OwnerInfo[];
  sites: SiteInfo[];
  auditors: { name: string; url?: string }[];
  witnesses: string[];
  check: { state: string; checked_at?: string | null; by?: string[] };
}

export type PeerState = 'open' | 'paused' | 'refused';

export interface Moved {
  objects: number;
  bytes: number;
}

export interface Peer {
  realm: string;
  name: string;
  network: string;
  state: PeerState;
  web: string;
  last_heard_at: string | null;
  out: Moved;
  in: Moved;
  refused: number;
  waiting: number;
  dead: number;
}

export type BorderKind = 'crossing' | 'storage' | 'control' | 'delivery' | 'fetch' | 'refused';

export interface BorderCount extends Moved {
  day: string;
  kind: BorderKind;
  direction: 'out' | 'in';
  peer: string;
  data_class: DataClass;
}

export interface Border {
  peers: Peer[];
  days: BorderCount[];
  policy: string;
  policy_digest: string;
  vkey: string;
  strength: string;
}

export interface Batch {
  id: string;
  peer: string;
  count: number;
  bytes: number;
  state: string;
  attempts: number;
  problem: string | null;
  made_at: string;
  entry_index: number | null;
}

/** The charter's document: its writer's own words, so nothing of it is taken for granted. */
export type CharterDocument = Record<string, unknown>;

export interface CharterVersion {
  version: number;
  digest: string;
  entry_index: number | null;
  at: string;
  document_url: string;
}

export interface Charter {
  document: CharterDocument;
  digest: string;
  version: number;
  signatures: { keyholder: string; name: string }[];
  entry_index: number | null;
  history: CharterVersion[];
}

export interface CharterChange {
  subject: string;
  before: string | null;
  after: string | null;
  sentence: string;
}

export interface Proposal {
  document: CharterDocument;
  digest: string;
  version: number;
  /** The bytes that each keyholder signs, base64. */
  to_sign: string;
  changes: CharterChange[];
  signed: string[];
  missing: string[];
  vetoes: string[];
  refusals: string[];
  adoptable: boolean;
}

/** When an adopted charter takes effect: its parts start anew now, or the realm does at its next start. */
export interface Adoption {
  digest: string;
  effect: 'restarting' | 'next_start';
}

export interface NetworkRealm {
  realm: string;
  name: string;
  operator: string | OperatorInfo;
  countries: string[];
  /** Takes everybody whom no other realm of the network names. */
  elsewhere: boolean;
  web: string;
  here: boolean;
  storage: { site: string; country: string }[];
  charter: string;
}

export interface Network {
  network: string;
  zone: string;
  realms: NetworkRealm[];
  version: string;
}

export type { Page };
