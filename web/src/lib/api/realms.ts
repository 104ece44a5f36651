/** What realms say of themselves and of one another: charter, sites, network, crossings and border. */
import { client } from './client';
import type { components } from './schema';
import type { DataClass } from './types';

type Schemas = components['schemas'];

export type Crossing = Schemas['Crossed'];
export type ConsentGiven = Schemas['Consent'];

export type Sites = Schemas['SitesView'];
export type SiteInfo = Schemas['SiteView'];
export type OperatorInfo = Schemas['Operator'];
export type OwnerInfo = Schemas['Owner'];

export type Charter = Schemas['CharterView'];
/** The charter's document: its writer's own words, so nothing of it is taken for granted. */
export type CharterDocument = Charter['document'];
export type Proposal = Schemas['ProposalView'];
export type Adoption = Schemas['Adoption'];

export type Network = Schemas['Directory'];
export type NetworkRealm = Schemas['DirectoryRealm'];

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

/** Calls of the border's routes, which the API's description doesn't have yet. */
export const borderApi = client as unknown as Record<'GET' | 'PUT' | 'POST', Call>;

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
