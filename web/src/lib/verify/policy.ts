/** C2SP tlog-policy: who must have signed a checkpoint for it to count. */
import { decimal, equal, fromUtf8, utf8 } from './bytes';
import { openCheckpoint, type OpenedCheckpoint } from './checkpoint';
import { Fault } from './fault';
import {
  cosignedAt,
  KEY_WITNESS_ML_DSA,
  parseLogKey,
  parseNote,
  parseWitnessKey,
  sameKey,
  type NoteKey,
} from './note';

const NONE = 'none';
const MAX_BYTES = 65_536;
const MAX_LINES = 512;
// eslint-disable-next-line no-control-regex
const FORBIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f]/;

export interface Witness {
  /** The name the policy gives it. */
  readonly name: string;
  readonly key: NoteKey;
  readonly url: string | null;
}

export interface Group {
  readonly name: string;
  readonly threshold: number;
  readonly members: readonly string[];
}

export interface Policy {
  readonly logs: readonly { key: NoteKey; url: string | null }[];
  readonly witnesses: readonly Witness[];
  readonly groups: readonly Group[];
  /** Null where no witness is needed. */
  readonly quorum: string | null;
}

export interface Witnessed {
  readonly checkpoint: OpenedCheckpoint;
  /** The policy's witnesses that cosigned, and when (seconds since 1970). */
  readonly witnesses: ReadonlyMap<string, number>;
  /** Witnesses that cosigned with a kind of signature no browser can check. */
  readonly unreadable: readonly string[];
}

function fail(message: string): never {
  throw new Fault('format', message);
}

class Reader {
  readonly logs: { key: NoteKey; url: string | null }[] = [];
  readonly witnesses: Witness[] = [];
  readonly groups: Group[] = [];
  quorum: string | null | undefined;
  readonly #free = new Set<string>();
  readonly #defined = new Set([NONE]);
  readonly #keys: { what: string; key: NoteKey }[] = [];

  async read([word, ...rest]: readonly string[]): Promise<void> {
    const [first = '', second = '', third] = rest;
    if (word === 'log' && (rest.length === 1 || rest.length === 2)) {
      const key = this.#unused('log', await parseLogKey(first));
      this.logs.push({ key, url: rest[1] ?? null });
    } else if (word === 'witness' && (rest.length === 2 || rest.length === 3)) {
      const key = this.#unused('witness', await parseWitnessKey(second));
      this.#define(first);
      this.witnesses.push({ name: first, key, url: third ?? null });
    } else if (word === 'group' && rest.length > 2) {
      this.#group(first, second, rest.slice(2));
    } else if (word === 'quorum' && rest.length === 1) {
      if (this.quorum !== undefined) fail('a policy has one quorum');
      if (!this.#defined.has(first)) fail('the quorum is not defined above');
      this.quorum = first === NONE ? null : first;
    } else {
      fail('a line of the policy is not understood');
    }
  }

  #group(name: string, word: string, members: readonly string[]): void {
    for (const member of members) {
      if (!this.#defined.has(member) || member === NONE) fail(`${member} is not defined above`);
      if (!this.#free.delete(member)) fail(`${member} is a member of a group already`);
    }
    const threshold = word === 'any' ? 1 : word === 'all' ? members.length : decimal(word);
    if (threshold < 1 || threshold > members.length) fail('the group needs more members than it has');
    this.#define(name);
    this.groups.push({ name, threshold, members });
  }

  #define(name: string): void {
    if (this.#defined.has(name)) fail(`${name} is defined twice`);
    this.#defined.add(name);
    this.#free.add(name);
  }

  #unused(what: string, key: NoteKey): NoteKey {
    if (this.#keys.some((one) => one.what === what && equal(one.key.publicKey, key.publicKey))) {
      fail(`two ${what} lines have one key`);
    }
    this.#keys.push({ what, key });
    return key;
  }
}

export async function parsePolicy(given: string | Uint8Array): Promise<Policy> {
  // Comments may hold any bytes; what is read must be text.
  const text = typeof given === 'string' ? fromUtf8(utf8(given)) : new TextDecoder('utf-8', { ignoreBOM: true }).decode(given);
  const size = typeof given === 'string' ? utf8(given).length : given.length;
  const lines = text.split('\n');
  if (size > MAX_BYTES || lines.length > MAX_LINES + 1) fail('the policy is too long');
  if (text !== '' && !text.endsWith('\n')) fail('a policy’s last line ends in a newline');
  if (FORBIDDEN.test(text)) fail('a policy holds no control characters');
  const reader = new Reader();
  for (const line of lines) {
    const words = line.split(/[ \t]+/).filter(Boolean);
    if (words.length > 0 && !words[0]?.startsWith('#')) await reader.read(words);
  }
  if (reader.quorum === undefined) fail('a policy has a quorum');
  const { logs, witnesses, groups, quorum } = reader;
  return { logs, witnesses, groups, quorum };
}

export function isMet(policy: Policy, names: Iterable<string>): boolean {
  const met = new Set(names);
  // Groups are defined before they are used, so one pass is enough.
  for (const group of policy.groups) {
    if (group.members.filter((one) => met.has(one)).length >= group.threshold) met.add(group.name);
  }
  return policy.quorum === null || met.has(policy.quorum);
}

/** Verifies a checkpoint under a policy, of `log` if given, else of one of the policy's own logs. */
export async function openUnderPolicy(data: Uint8Array, policy: Policy, log?: NoteKey): Promise<Witnessed> {
  const checkpoint = await openCheckpoint(
    data,
    log ?? logOf(data, policy),
    policy.witnesses.map((one) => one.key),
  );
  const lines = parseNote(data).lines;
  const witnesses = new Map<string, number>();
  const unreadable: string[] = [];
  for (const witness of policy.witnesses) {
    if (witness.key.kind === KEY_WITNESS_ML_DSA) {
      if (lines.some((one) => one.name === witness.key.name && one.id === witness.key.id)) unreadable.push(witness.name);
      continue;
    }
    const times = checkpoint.note.signed
      .filter((one) => sameKey(one.key, witness.key))
      .map((one) => cosignedAt(one.line.signature));
    if (times.length > 0) witnesses.set(witness.name, Math.max(...times));
  }
  if (!isMet(policy, witnesses.keys())) {
    if (isMet(policy, [...witnesses.keys(), ...unreadable])) {
      throw new Fault('browser', 'the quorum rests on signatures that no browser can check yet (ML-DSA-44)');
    }
    throw new Fault('quorum', `the quorum is missing: ${witnesses.size} of the policy’s witnesses have signed`);
  }
  return { checkpoint, witnesses, unreadable };
}

function logOf(data: Uint8Array, policy: Policy): NoteKey {
  const { text, lines } = parseNote(data);
  const origin = text.slice(0, text.indexOf('\n'));
  const keys = policy.logs.map((one) => one.key).filter((key) => key.name === origin);
  const signing = keys.find((key) => lines.some((one) => one.name === key.name && one.id === key.id));
  const found = signing ?? keys[0];
  if (!found) throw new Fault('log', 'the policy does not name this log');
  return found;
}
