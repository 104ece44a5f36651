/** What the realm is asked for messages. Bytes are base64url; a refusal is an ApiProblem. */
import type { PersonCard } from '$lib/api/types';

import type { ReportCategory } from './types';

export interface WireDevice {
  id: string;
  signature_key: string;
  certificate: string;
  label: string;
  made_at: string;
  seen_on: string | null;
}

export interface WireIdentity {
  identity_key: string | null;
  devices: WireDevice[];
}

export interface WirePerson {
  person_id: string;
  handle: string;
  identity_key: string;
}

export interface WireClaimed {
  person_id: string;
  handle: string;
  device_id: string;
  package: string;
}

export interface WireMember {
  person: PersonCard & { id: string };
  state: 'member' | 'requested' | 'left';
  role: 'admin' | 'member';
  read_seq?: number | null;
  devices: string[];
}

export interface WireTalk {
  id: string;
  kind: 'pair' | 'group';
  members: WireMember[];
  state: 'member' | 'requested' | 'left';
  role: 'admin' | 'member';
  epoch: number;
  last_seq: number;
  last_at: string | null;
  read_seq: number;
  muted_until: string | null;
  first_seq: number;
  unread: number;
}

export interface WireEntry {
  seq: number;
  kind: 'message' | 'commit' | 'removed';
  id: string;
  sender_id: string | null;
  device_id: string | null;
  epoch: number;
  body: string | null;
  commitment: string | null;
  at: string;
}

export interface WireBeginning {
  id: string;
  kind: 'pair' | 'group';
  people: string[];
  device_id: string;
  commit: string;
  group_info: string;
  welcome: string | null;
  welcomed: string[];
}

export interface WireCommit {
  id: string;
  device_id: string;
  epoch: number;
  commit: string;
  group_info: string;
  welcome: string | null;
  welcomed: string[];
  add: string[];
  remove: string[];
  external: boolean;
}

export interface WireMessage {
  id: string;
  device_id: string;
  epoch: number;
  body: string;
  commitment: string;
}

export interface WireReport {
  seqs: { seq: number; payload: string; fk: string }[];
  category: ReportCategory;
  note: string;
}

export interface Wire {
  identity(): Promise<WireIdentity>;
  putIdentity(key: string, replaces?: string): Promise<void>;
  addDevice(device: Pick<WireDevice, 'id' | 'signature_key' | 'certificate' | 'label'>): Promise<void>;
  endDevice(id: string): Promise<void>;
  putPackages(device: string, packages: string[], lastResort?: string): Promise<number>;
  packagesLeft(device: string): Promise<number>;
  person(handle: string): Promise<WirePerson>;
  claim(people: string[]): Promise<{ claimed: WireClaimed[]; without: string[] }>;
  /** All of them, requests too. */
  talks(): Promise<WireTalk[]>;
  talk(id: string): Promise<WireTalk>;
  begin(beginning: WireBeginning): Promise<WireTalk>;
  leave(id: string): Promise<void>;
  accept(id: string): Promise<void>;
  mute(id: string, until: string | null): Promise<void>;
  read(id: string, seq: number): Promise<void>;
  typing(id: string): Promise<void>;
  groupInfo(id: string): Promise<{ epoch: number; group_info: string }>;
  /** Null when there is none. */
  welcome(id: string, device: string): Promise<{ seq: number; welcome: string } | null>;
  dropWelcome(id: string, device: string): Promise<void>;
  commit(id: string, commit: WireCommit): Promise<{ seq: number; epoch: number }>;
  send(id: string, message: WireMessage): Promise<{ seq: number; at: string }>;
  entries(id: string, after: number): Promise<{ items: WireEntry[]; last_seq: number }>;
  /** Empties what one sent. */
  empty(id: string, seq: number): Promise<void>;
  keep(id: string, items: { seq: number; body: string }[]): Promise<void>;
  kept(id: string, before: number | null): Promise<{ items: { seq: number; body: string; at: string }[]; last: boolean }>;
  report(id: string, report: WireReport): Promise<{ id: string }>;
}
