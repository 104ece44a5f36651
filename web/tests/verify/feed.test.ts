/** The published vectors of receipts: what holds, what must be refused, and under which name. */
import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { proveEntry } from '$lib/services/ledger-entries';
import type { Step } from '$lib/services/ledger-check';
import { checkPage, pageInFile, type Around, type PageVerdict } from '$lib/services/page-check';
import { equal, fromBase64, fromHex, toBase64, toHex, utf8 } from '$lib/verify/bytes';
import { sha256 } from '$lib/verify/crypto';
import { Fault } from '$lib/verify/fault';
import { problemsOf } from '$lib/verify/feed/check';
import { contributionsOf } from '$lib/verify/feed/contributions';
import { readFeedFile, readLines, writeLines } from '$lib/verify/feed/file';
import { readReceipt, writeReceipt } from '$lib/verify/feed/layout';
import { readAdjustment, readMapProof, verifyMap } from '$lib/verify/feed/map';
import { preScore, readModel } from '$lib/verify/feed/model';
import { batchHash, checkInclusion, leafOf, openCertificate, processOf, type Inclusion } from '$lib/verify/feed/promise';
import { Objection } from '$lib/verify/feed/problem';
import { again, finalsOf, rulesOf } from '$lib/verify/feed/replay';
import { seedOf, selectPage, servedAfter } from '$lib/verify/feed/select';
import { parseKey } from '$lib/verify/note';

const FOLDER = new URL('../../../spec/receipt/vectors/', import.meta.url).pathname;
const read = <T>(name: string): T => JSON.parse(readFileSync(`${FOLDER}${name}.json`, 'utf8')) as T;
const hex = (text: string) => fromHex(text, text.length / 2);

const documents = read<Record<string, string>>('documents');
const documentOf = (digest: string) => utf8(documents[digest] ?? '');

async function refusal(act: () => unknown): Promise<unknown> {
  try {
    await act();
    return null;
  } catch (cause) {
    // Only a fault is a refusal; anything else is a mistake of ours.
    expect(cause).toBeInstanceOf(Fault);
    return cause;
  }
}

interface Numbers {
  seed: { visit: string; position: number; served: string; seed: string };
  served: { shown: string[]; after: string };
}

it('numbers: seed and chain of what was served', async () => {
  const { seed, served } = read<Numbers>('numbers');
  const found = await seedOf({ visit: hex(seed.visit), position: seed.position, served: hex(seed.served) });
  expect(toHex(found)).toBe(seed.seed);
  expect(toHex(await servedAfter(new Uint8Array(32), served.shown.map(hex)))).toBe(served.after);
});

interface Accepted {
  accepted: boolean;
  name: string;
}

describe('shapes', () => {
  it.each(read<(Accepted & { bytes: string })[]>('shapes'))('$name', async ({ accepted, bytes }) => {
    const data = fromBase64(bytes);
    expect((await refusal(() => readReceipt(data))) === null).toBe(accepted);
    if (accepted) expect(toBase64(writeReceipt(readReceipt(data)))).toBe(bytes);
  });
});

describe('models', () => {
  it.each(read<(Accepted & { model: string })[]>('models'))('$name', async ({ accepted, model }) => {
    expect((await refusal(() => readModel(utf8(model)))) === null).toBe(accepted);
  });
});

interface MapCase {
  accepted: boolean;
  key: string;
  proof: unknown;
  root: string;
  value: string | null;
}

describe('maps', () => {
  it.each(read<MapCase[]>('maps').map((one, at) => ({ ...one, at })))('proof $at', async (one) => {
    let found: Uint8Array | null | undefined;
    const refused = await refusal(async () => {
      found = await verifyMap(readMapProof(one.proof), hex(one.key), hex(one.root));
    });
    expect(refused === null).toBe(one.accepted);
    if (one.accepted) expect(found ? toHex(found) : null).toBe(one.value);
  });
});

interface PageCase {
  receipt: string;
  digest: string;
  seed: string;
  key: string;
  leaf: string;
  pre: number[];
  final: number[];
  page: { index: number; exploring: boolean; rules: number }[];
  contributions: { index: number; unit: number; start: number; features: number[]; rounding: number; adjustment: number };
}

describe('pages', () => {
  it.each(read<PageCase[]>('pages').map((one, at) => ({ ...one, at })))('page $at comes out again', async (one) => {
    const receipt = readReceipt(fromBase64(one.receipt));
    const rules = await rulesOf(receipt, documentOf(toHex(receipt.model)), documentOf(toHex(receipt.policy)));
    expect(toHex(await sha256(receipt.bytes))).toBe(one.digest);
    const seed = await seedOf(receipt);
    expect(toHex(seed)).toBe(one.seed);
    expect(receipt.scored.map((clip) => preScore(rules.model, clip.features))).toEqual(one.pre);
    const finals = finalsOf(receipt, rules.model);
    expect(finals).toEqual(one.final);
    const places = await selectPage(receipt.scored, finals, rules.policy, seed, receipt.position, one.page.length);
    expect(places).toEqual(one.page);
    const leaf = await leafOf(hex(one.key), receipt.chosen.map((clip) => clip.clip), hex(one.digest));
    expect(toHex(leaf)).toBe(one.leaf);
    const { index, ...parts } = one.contributions;
    const clip = receipt.scored[index];
    expect(contributionsOf(rules.model, clip?.features ?? [], parts.adjustment)).toEqual(parts);
    const sum = parts.features.reduce((whole, part) => whole + part, parts.start + parts.rounding);
    expect(sum).toBe(parts.unit * ((finals[index] as number) - parts.adjustment));
    expect(await problemsOf(receipt, rules)).toEqual([]);
    expect(equal((await again(receipt, rules)) ?? new Uint8Array(), receipt.bytes)).toBe(true);
  });
});

interface Tampered {
  code: string;
  name: string;
  receipt: string;
  model?: string;
  policy?: string;
}

describe('what was tampered with is refused under its own name', () => {
  const cases = read<Tampered[]>('tampered');
  it.each(cases)('$name: $code', async ({ code, receipt: bytes, model, policy }) => {
    let found: readonly string[];
    try {
      const receipt = readReceipt(fromBase64(bytes));
      const rules = await rulesOf(
        receipt,
        model === undefined ? documentOf(toHex(receipt.model)) : utf8(model),
        policy === undefined ? documentOf(toHex(receipt.policy)) : utf8(policy),
      );
      found = (await problemsOf(receipt, rules)).map((one) => one.code);
    } catch (cause) {
      expect(cause).toBeInstanceOf(Fault);
      found = cause instanceof Objection ? cause.problems.map((one) => one.code) : ['feed.malformed'];
    }
    expect(found).toContain(code);
  });
});

interface Bindings {
  file: string;
  documents: Record<string, string>;
  forged: { name: string; code: string; changes: Record<string, string | null> }[];
  promise: { key: string; process: string };
  certificate: { note: string; vkey: string; since: number; until: number };
  batch: { inclusion: Inclusion; leaf: string; root: string };
  chain: { batch: number; previous: string; root: string; hash: string }[];
  adjustment: { kind: number; points: number; reason: number; since: number; until: number; value: string };
}

describe('bindings', () => {
  const given = read<Bindings>('bindings');
  const { vkey } = readFeedFile(given.file);
  const around: Around = {
    document: (digest) => Promise.resolve(utf8(given.documents[digest] ?? '')),
    inForce: () => Promise.resolve({ index: 1 }),
    prove: (entry, proof) => proveEntry(entry, proof, vkey),
    now: () => new Date('2027-01-01T00:00:00Z'),
  };

  async function judge(text: string): Promise<{ verdict: PageVerdict; steps: Map<string, Step> }> {
    const steps = new Map<string, Step>();
    const verdict = await checkPage(
      () => pageInFile(text, around.prove, vkey),
      around,
      (step) => steps.set(step.name, step),
    );
    return { verdict, steps };
  }

  it('a certificate, a batch, its chain and an adjustment are read', async () => {
    const { certificate, batch, chain, adjustment, promise } = given;
    const { key, since, until } = await openCertificate(certificate.note, await parseKey(certificate.vkey));
    expect([since, until, await processOf(key)]).toEqual([certificate.since, certificate.until, promise.process]);
    const entry = utf8(JSON.stringify({ batch: batch.inclusion.batch, kind: 'feed.receipts', root: batch.root }));
    await checkInclusion(batch.inclusion, hex(batch.leaf), entry);
    for (const one of chain) {
      expect(toHex(await batchHash(one.batch, hex(one.previous), hex(one.root)))).toBe(one.hash);
    }
    const { value, ...parts } = adjustment;
    expect(readAdjustment(hex(value))).toEqual(parts);
  });

  it('the file holds, step by step', async () => {
    const { verdict, steps } = await judge(given.file);
    expect(verdict.problems).toEqual([]);
    expect(verdict.outcome).toBe('fine');
    expect([...steps.keys()]).toEqual([
      'browser', 'page', 'promise', 'logged', 'rules', 'scores', 'order', 'boosts', 'bytes',
    ]);
    expect(writeLines(readLines(given.file))).toBe(given.file);
  });

  it.each(given.forged)('$name: $code', async ({ code, changes }) => {
    const lines = readLines(given.file);
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) lines.delete(name as 'promise');
      else lines.set(name as 'promise', value);
    }
    const { verdict } = await judge(writeLines(lines));
    expect(verdict.outcome).toBe('bad');
    expect(verdict.problems.map((one) => one.code)).toContain(code);
  });

  it('a file that names another key for the ledger is not believed', async () => {
    const other = await checkPage(() => pageInFile(given.file, around.prove, `${vkey}x`), around, () => undefined);
    expect(other.outcome).toBe('bad');
  });
});
