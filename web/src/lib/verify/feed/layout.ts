/**
 * Receipt v1 of a For You page: fixed little-endian bytes, `spec/receipt/README.md`. Nothing of it is believed here,
 * only read: every number in its range, every index within its list, not one byte left over.
 */
import { Fault } from '../fault';

export const FEATURES = 24;
export const MAX_BYTES = 8192;
export const MAX_SCORED = 80;
export const MAX_REST = 180;
export const MAX_CHOSEN = 50;
const MAX_ACTS = 50;
const MAX_TASTES = 16;
const COMMITMENTS = [0, 8, 16, 32, 64];
const ALL_SOURCES = 1023;
/** "No group": a clip without a sound, or without a tag. */
export const NO_GROUP = 0xff;

const MAGIC = 'RLR1';
const HEAD_BYTES = 4 + 1 + 2 + 4 + 16 + 8 + 32 * 5 + 16 + 32 + 7;
const SCORED_BYTES = 4 + 2 + 3 + 4 + FEATURES * 2;
const REST_BYTES = 4 + 2 + 4;
const CHOSEN_BYTES = 1 + 16;
const ACT_BYTES = 4 + 1;
const TASTE_BYTES = 1 + 8 + 2;
const ADJUSTED_BYTES = 1 + 1 + 4 + 1;
const COMMITMENT_BYTES = 16;

export type Bytes = Uint8Array<ArrayBuffer>;

export interface Scored {
  readonly row: number;
  readonly sources: number;
  readonly author: number;
  readonly sound: number;
  readonly tag: number;
  readonly pre: number;
  readonly features: readonly number[];
}

export interface Rest {
  readonly row: number;
  readonly sources: number;
  readonly pre: number;
}

export interface Chosen {
  /** Which of the scored. */
  readonly index: number;
  readonly clip: Bytes;
}

export interface Act {
  readonly row: number;
  readonly factor: number;
}

export interface Taste {
  readonly kind: number;
  readonly key: bigint;
  readonly value: number;
}

export const BOOST = 1;
export const DEMOTION = 2;

export interface Adjusted {
  readonly index: number;
  readonly kind: number;
  readonly points: number;
  readonly reason: number;
}

export interface FeedReceipt {
  readonly bytes: Bytes;
  readonly mode: number;
  readonly position: number;
  /** Unix seconds. */
  readonly time: number;
  readonly generation: Bytes;
  readonly sequence: bigint;
  readonly matrices: Bytes;
  readonly model: Bytes;
  readonly policy: Bytes;
  /** All zero when there was no map. */
  readonly adjustments: Bytes;
  /** The digest over what retrieval used of the viewer, as the receipt states it. */
  readonly viewer: Bytes;
  readonly visit: Bytes;
  /** What the visit had been served before, as a digest. */
  readonly served: Bytes;
  readonly scored: readonly Scored[];
  readonly rest: readonly Rest[];
  readonly chosen: readonly Chosen[];
  readonly acts: readonly Act[];
  readonly tastes: readonly Taste[];
  /** What the viewer digest is over. */
  readonly viewerBytes: Bytes;
  readonly adjusted: readonly Adjusted[];
  readonly commitments: readonly Bytes[];
}

const fail = (why: string): never => {
  throw new Fault('format', why);
};

/** Reads forwards, and never past the end: lengths are checked before. */
class Reader {
  at = 0;
  readonly #view: DataView;

  constructor(readonly bytes: Bytes) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#view.getUint8(this.at++);
  }

  i8(): number {
    return this.#view.getInt8(this.at++);
  }

  u16(): number {
    return this.#view.getUint16((this.at += 2) - 2, true);
  }

  i16(): number {
    return this.#view.getInt16((this.at += 2) - 2, true);
  }

  u32(): number {
    return this.#view.getUint32((this.at += 4) - 4, true);
  }

  i32(): number {
    return this.#view.getInt32((this.at += 4) - 4, true);
  }

  u64(): bigint {
    return this.#view.getBigUint64((this.at += 8) - 8, true);
  }

  i64(): bigint {
    return this.#view.getBigInt64((this.at += 8) - 8, true);
  }

  raw(length: number): Bytes {
    return this.bytes.slice((this.at += length) - length, this.at);
  }

  list<T>(count: number, read: () => T): T[] {
    return Array.from({ length: count }, read);
  }
}

function scoredOf(reader: Reader): Scored {
  return {
    row: reader.u32(),
    sources: reader.u16(),
    author: reader.u8(),
    sound: reader.u8(),
    tag: reader.u8(),
    pre: reader.i32(),
    features: reader.list(FEATURES, () => reader.i16()),
  };
}

export function readReceipt(bytes: Bytes): FeedReceipt {
  if (bytes.length > MAX_BYTES) fail('a receipt has at most 8,192 bytes');
  if (bytes.length < HEAD_BYTES) fail('the receipt is cut short');
  const reader = new Reader(bytes);
  if (String.fromCharCode(...reader.raw(4)) !== MAGIC) fail('this is not a receipt of a kind that is known here');
  const head = {
    mode: reader.u8(),
    position: reader.u16(),
    time: reader.u32(),
    generation: reader.raw(16),
    sequence: reader.u64(),
    matrices: reader.raw(32),
    model: reader.raw(32),
    policy: reader.raw(32),
    adjustments: reader.raw(32),
    viewer: reader.raw(32),
    visit: reader.raw(16),
    served: reader.raw(32),
  };
  const [scored, rest, chosen, acts, tastes, adjusted, commitments] = reader.list(7, () => reader.u8()) as [
    number, number, number, number, number, number, number,
  ];
  const sizes = [
    scored * SCORED_BYTES, rest * REST_BYTES, chosen * CHOSEN_BYTES, acts * ACT_BYTES,
    tastes * TASTE_BYTES, adjusted * ADJUSTED_BYTES, commitments * COMMITMENT_BYTES,
  ];
  if (bytes.length !== sizes.reduce((sum, one) => sum + one, HEAD_BYTES)) {
    fail('the receipt is shorter or longer than it says');
  }
  const within =
    scored <= MAX_SCORED && rest <= MAX_REST && chosen <= Math.min(scored, MAX_CHOSEN) &&
    acts <= MAX_ACTS && tastes <= MAX_TASTES && adjusted <= scored && COMMITMENTS.includes(commitments);
  if (!within) fail('the receipt counts more than one can hold');
  const lists = {
    scored: reader.list(scored, () => scoredOf(reader)),
    rest: reader.list(rest, (): Rest => ({ row: reader.u32(), sources: reader.u16(), pre: reader.i32() })),
    chosen: reader.list(chosen, (): Chosen => ({ index: reader.u8(), clip: reader.raw(16) })),
  };
  const start = reader.at;
  const viewer = {
    acts: reader.list(acts, (): Act => ({ row: reader.u32(), factor: reader.i8() })),
    tastes: reader.list(tastes, (): Taste => ({ kind: reader.u8(), key: reader.i64(), value: reader.i16() })),
  };
  const receipt: FeedReceipt = {
    bytes,
    ...head,
    ...lists,
    ...viewer,
    viewerBytes: bytes.slice(start, reader.at),
    adjusted: reader.list(adjusted, (): Adjusted => ({
      index: reader.u8(),
      kind: reader.u8(),
      points: reader.i32(),
      reason: reader.u8(),
    })),
    commitments: reader.list(commitments, () => reader.raw(COMMITMENT_BYTES)),
  };
  checkValues(receipt);
  return receipt;
}

function checkValues({ mode, scored, rest, chosen, tastes, adjusted }: FeedReceipt): void {
  if (mode > 2) fail('a page of a kind that is not known here');
  if ([...chosen, ...adjusted].some((one) => one.index >= scored.length)) {
    fail('the receipt points at a candidate it does not have');
  }
  if ([...scored, ...rest].some((one) => one.sources < 1 || one.sources > ALL_SOURCES)) {
    fail('a candidate has no source, or one that is not known here');
  }
  if (tastes.some((one) => one.kind < 1 || one.kind > 3)) fail('a taste of a kind that is not known here');
  if (adjusted.some(({ kind, points }) => (kind === BOOST ? points <= 0 : kind !== DEMOTION || points >= 0))) {
    fail('an adjustment is neither a boost nor a demotion');
  }
}

/** Writes what a reader reads; the digests of viewer, model and policy stand as they are given. */
class Writer {
  at = 0;
  readonly bytes: Bytes;
  readonly #view: DataView;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }

  u8(...values: readonly number[]): void {
    for (const value of values) this.#view.setUint8(this.at++, value);
  }

  u16(value: number): void {
    this.#view.setUint16((this.at += 2) - 2, value, true);
  }

  u32(value: number): void {
    this.#view.setUint32((this.at += 4) - 4, value, true);
  }

  u64(value: bigint): void {
    this.#view.setBigUint64((this.at += 8) - 8, value, true);
  }

  raw(...parts: readonly Uint8Array[]): void {
    for (const part of parts) {
      this.bytes.set(part, this.at);
      this.at += part.length;
    }
  }
}

/** A receipt's bytes. Negative numbers stand as two's complement, which is what the setters write. */
export function writeReceipt(receipt: Omit<FeedReceipt, 'bytes'>): Bytes {
  const { scored, rest, chosen, acts, tastes, viewerBytes, adjusted, commitments } = receipt;
  const length =
    HEAD_BYTES + scored.length * SCORED_BYTES + rest.length * REST_BYTES + chosen.length * CHOSEN_BYTES +
    viewerBytes.length + adjusted.length * ADJUSTED_BYTES + commitments.length * COMMITMENT_BYTES;
  const writer = new Writer(length);
  writer.u8(...Array.from(MAGIC, (one) => one.charCodeAt(0)), receipt.mode);
  writer.u16(receipt.position);
  writer.u32(receipt.time);
  writer.raw(receipt.generation);
  writer.u64(receipt.sequence);
  writer.raw(receipt.matrices, receipt.model, receipt.policy, receipt.adjustments, receipt.viewer, receipt.visit);
  writer.raw(receipt.served);
  writer.u8(...[scored, rest, chosen, acts, tastes, adjusted, commitments].map((one) => one.length));
  for (const one of scored) {
    writer.u32(one.row);
    writer.u16(one.sources);
    writer.u8(one.author, one.sound, one.tag);
    writer.u32(one.pre);
    for (const feature of one.features) writer.u16(feature);
  }
  for (const one of rest) {
    writer.u32(one.row);
    writer.u16(one.sources);
    writer.u32(one.pre);
  }
  for (const one of chosen) {
    writer.u8(one.index);
    writer.raw(one.clip);
  }
  writer.raw(viewerBytes);
  for (const one of adjusted) {
    writer.u8(one.index, one.kind);
    writer.u32(one.points);
    writer.u8(one.reason);
  }
  writer.raw(...commitments);
  return writer.bytes;
}
