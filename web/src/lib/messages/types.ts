/** What the screens of messages see, and what a device can do; nothing of how it is sealed. */
import type { PersonCard } from '$lib/api/types';

export interface Line {
  id: string;
  /** Its number in the conversation; null until the realm has taken it. */
  seq: number | null;
  conversation: string;
  /** A person's id. */
  sender: string;
  at: string;
  mine: boolean;
  state: 'waiting' | 'sending' | 'sent' | 'failed';
  type: 'text' | 'clip' | 'title' | 'note' | 'unknown';
  /** Of a note: `joined`, `left` or `new-key`; `sender` is whom it is about. */
  text?: string;
  clip?: string;
  to?: number;
  title?: string;
  reactions: { emoji: string; people: string[] }[];
  unsent: boolean;
  /** Why the realm did not take it, as a problem code. */
  failure?: string;
}

export interface Member {
  person: PersonCard & { id: string };
  state: 'member' | 'requested' | 'left';
  role: 'admin' | 'member';
  readSeq: number | null;
}

export interface Talk {
  id: string;
  kind: 'pair' | 'group';
  /** Null when nobody gave it one: screens name the people then. */
  title: string | null;
  members: Member[];
  /** One's own. */
  state: 'member' | 'requested' | 'left';
  role: 'admin' | 'member';
  last: Line | null;
  unread: number;
  mutedUntil: string | null;
  /** Ids of the people who are writing right now. */
  typing: string[];
  /** People whose identity key changed: what is sent here waits until `trust` or `verify`. */
  held: string[];
  /** Its messages can't be opened on this device for now; what was opened stays. */
  broken: boolean;
  /** Earlier messages may be had by `older`. */
  more: boolean;
}

export interface OwnDevice {
  id: string;
  label: string;
  madeAt: string;
  seenOn: string | null;
  current: boolean;
}

export interface Code {
  /** Twelve groups of five digits. */
  digits: string[];
  verified: boolean;
  /** The person has another key than the one that was seen here first. */
  changed: boolean;
}

export interface Content {
  text?: string;
  clip?: string;
  /** The number of the message that this answers. */
  to?: number;
}

export type ReportCategory =
  | 'bullying'
  | 'threat'
  | 'hate'
  | 'sexual'
  | 'minor'
  | 'self_harm'
  | 'spam'
  | 'fraud'
  | 'other';

export type Ready = 'off' | 'new-device' | 'opening' | 'on';

/** What the machinery behind the screens does; lines and talks are told by `Told`. */
export interface Machine {
  start(): Promise<Ready>;
  stop(): void;
  talks(): Promise<Talk[]>;
  /** The latest `count` lines that this device has, oldest first. */
  lines(conversation: string, count: number): Promise<Line[]>;
  older(conversation: string): Promise<void>;
  sync(): Promise<void>;
  hint(conversation: string, lastSeq: number): Promise<void>;
  send(conversation: string, content: Content): Promise<void>;
  retry(conversation: string, line: string): Promise<void>;
  react(conversation: string, seq: number, emoji: string): Promise<void>;
  unsend(conversation: string, seq: number): Promise<void>;
  begin(handles: string[], first?: Content): Promise<string>;
  add(conversation: string, handles: string[]): Promise<void>;
  remove(conversation: string, person: string): Promise<void>;
  leave(conversation: string): Promise<void>;
  rename(conversation: string, title: string): Promise<void>;
  accept(conversation: string): Promise<void>;
  decline(conversation: string): Promise<void>;
  mute(conversation: string, until: string | null): Promise<void>;
  read(conversation: string): Promise<void>;
  typing(conversation: string): Promise<void>;
  search(text: string): Promise<Line[]>;
  recovery(): string;
  recover(code: string): Promise<void>;
  reset(): Promise<void>;
  devices(): Promise<OwnDevice[]>;
  endDevice(id: string): Promise<void>;
  code(handle: string): Promise<Code>;
  verify(handle: string): Promise<void>;
  trust(handle: string): Promise<void>;
  report(conversation: string, seqs: number[], category: ReportCategory, note: string): Promise<string>;
  save(): Promise<Blob>;
  friendsFirst(): Promise<PersonCard[]>;
}
