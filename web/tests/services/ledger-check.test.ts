/** The whole check against a small ledger that is made here, with a log and two witnesses. */
import { describe, expect, it } from 'vitest';

import { checkLedger, type Step, type Wish } from '$lib/services/ledger-check';
import { evidenceOf } from '$lib/services/ledger-evidence';
import type { LedgerFiles } from '$lib/services/ledger-files';
import type { Memory } from '$lib/services/ledger-memory';
import { checkFile } from '$lib/services/ledger-proof-file';
import { concat, toBase64, toHex, utf8 } from '$lib/verify/bytes';
import { encodeCanonical } from '$lib/verify/canonical';
import { sha256 } from '$lib/verify/crypto';
import { Fault } from '$lib/verify/fault';
import { inclusionProof, leafHash, treeRoot, type Hash } from '$lib/verify/merkle';
import { markOf } from '$lib/verify/receipt';
import { nodesFromTiles, parseTilePath, tilePath, type Tile } from '$lib/verify/tiles';

const NOW = new Date('2026-11-22T02:00:00Z');
const ORIGIN = 'realm.example/ledger';
const OPENING = { kind: 'rights.erased', document: '{"person":"0123"}', opening: '5a'.repeat(32) };

class Signer {
  private constructor(
    readonly name: string,
    readonly kind: number,
    readonly vkey: string,
    private readonly id: Uint8Array,
    private readonly key: CryptoKey,
  ) {}

  static async make(name: string, kind: number): Promise<Signer> {
    const pair = (await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify'])) as CryptoKeyPair;
    const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
    const typed = concat(Uint8Array.of(kind), raw);
    const id = (await sha256(concat(utf8(`${name}\n`), typed))).slice(0, 4);
    return new Signer(name, kind, `${name}+${toHex(id)}+${toBase64(typed)}`, id, pair.privateKey);
  }

  async line(text: string, at: Date): Promise<string> {
    const seconds = Math.floor(at.getTime() / 1000);
    const time = new Uint8Array(8);
    new DataView(time.buffer).setBigUint64(0, BigInt(seconds));
    const message = this.kind === 4 ? `cosignature/v1\ntime ${seconds}\n${text}` : text;
    const signature = new Uint8Array(await crypto.subtle.sign('Ed25519', this.key, utf8(message)));
    const payload = concat(this.id, this.kind === 4 ? time : new Uint8Array(), signature);
    return `— ${this.name} ${toBase64(payload)}\n`;
  }
}

const log = await Signer.make(ORIGIN, 1);
const witnesses = [await Signer.make('paper.example', 4), await Signer.make('court.example', 4)];
const POLICY = `${witnesses.map((one, at) => `witness w${at} ${one.vkey}\n`).join('')}group both all w0 w1\nquorum both\n`;

/** A ledger of so many entries, as files. */
class MadeLedger {
  readonly entries: Uint8Array<ArrayBuffer>[];

  constructor(size: number, person: string, turned = -1) {
    this.entries = Array.from({ length: size }, (_, at) =>
      encodeCanonical({ at: '2026-11-22T01:00Z', charter: String(at === turned ? 'other' : at), kind: 'rights.erased', person }),
    );
  }

  async leaves(): Promise<Hash[]> {
    return Promise.all(this.entries.map(leafHash));
  }

  async tile({ level, index, width }: Tile): Promise<Uint8Array<ArrayBuffer>> {
    if (level === null) {
      const some = this.entries.slice(index * 256, index * 256 + width);
      return concat(...some.flatMap((one) => [Uint8Array.of(one.length >> 8, one.length & 255), one]));
    }
    const below = level === 0 ? await this.leaves() : [];
    return concat(...below.slice(index * 256, index * 256 + width));
  }

  async root(): Promise<Hash> {
    return treeRoot(this.entries.length, nodesFromTiles(this.entries.length, (tile) => this.tile(tile)));
  }

  async note(signers: readonly Signer[], at = NOW): Promise<string> {
    const text = `${ORIGIN}\n${this.entries.length}\n${toBase64(await this.root())}\n`;
    const lines = await Promise.all([log, ...signers].map((one) => one.line(text, at)));
    return `${text}\n${lines.join('')}`;
  }

  /** The ledger as a browser would fetch it; `change` may turn a file into another one. */
  async files(signers = witnesses, change = (path: string, data: Uint8Array<ArrayBuffer>) => data): Promise<LedgerFiles> {
    const note = utf8(await this.note(signers));
    const kept: { path: string; base64: string }[] = [];
    const keep = (path: string, data: Uint8Array<ArrayBuffer>) => {
      const shown = change(path, data);
      kept.push({ path, base64: toBase64(shown) });
      return shown;
    };
    return {
      kept,
      checkpoint: async () => keep('checkpoint', note),
      tile: async (tile: Tile) => keep(tilePath(tile), await this.tile(parseTilePath(tilePath(tile)))),
    } as unknown as LedgerFiles;
  }
}

const person = await markOf(OPENING);
const small = new MadeLedger(40, person);
const grown = new MadeLedger(200, person);

async function check(files: LedgerFiles, changes: Partial<Wish> = {}) {
  const steps = new Map<string, Step>();
  const shown = { vkey: log.vkey, public_policy: POLICY };
  const wish: Wish = { memory: null, shown, index: null, now: () => NOW, ...changes };
  const verdict = await checkLedger(wish, files, (step) => steps.set(step.name, step));
  return { verdict, steps, said: Object.fromEntries([...steps].map(([name, one]) => [name, one.said])) };
}

async function remembered(): Promise<Memory> {
  const { verdict } = await check(await small.files());
  if (!verdict.memory) throw new Error('nothing to remember');
  return verdict.memory;
}

const flip = (at: number) => (data: Uint8Array<ArrayBuffer>) =>
  Uint8Array.from(data, (byte, index) => (index === at ? byte ^ 1 : byte));

describe('a check of the ledger', () => {
  it('fits on the first look, and says who signed', async () => {
    const { verdict, steps } = await check(await small.files());
    expect(verdict.outcome).toBe('note');
    expect(steps.get('witnesses')).toMatchObject({ outcome: 'fine', names: ['w0', 'w1'] });
    expect(verdict.entry?.index).toBe(39);
    expect(verdict.memory?.seen).toMatchObject({ size: 40, root: toBase64(await small.root()) });
  });

  it('compares with the last look', async () => {
    const { verdict, steps } = await check(await grown.files(), { memory: await remembered() });
    expect(verdict.outcome).toBe('fine');
    expect(steps.get('history')).toMatchObject({ said: 'grown', params: { then: 40, now: 200 } });
  });

  it('notices a changed entry, long before the newest, and a shorter ledger', async () => {
    const memory = await remembered();
    const rewritten = await check(await new MadeLedger(200, person, 7).files(), { memory });
    expect(rewritten.verdict).toMatchObject({ outcome: 'bad', memory: null });
    expect(rewritten.said.history).toBe('rewritten');
    const shorter = await check(await new MadeLedger(39, person).files(), { memory });
    expect(shorter.said.history).toBe('shrunk');
    const beside = await check(await new MadeLedger(40, person, 3).files(), { memory });
    expect(beside.said.history).toBe('rewritten');
  });

  // Within the entry that is looked at: its kind.
  const inside = grown.entries.slice(0, 20).reduce((sum, one) => sum + 2 + one.length, 60);

  it.each([
    ['checkpoint', 30, 'signature'],
    ['tile/0/000.p/200', 900, 'entry'],
    ['tile/entries/000.p/200', inside, 'entry'],
  ])('notices a changed %s', async (path, at, step) => {
    const files = await grown.files(witnesses, (one, data) => (one === path ? flip(at)(data) : data));
    const { verdict, steps } = await check(files, { index: 20 });
    expect(verdict).toMatchObject({ outcome: 'bad', memory: null });
    expect(steps.get(step)?.outcome).toBe('bad');
  });

  it('says when witnesses are missing, late, or not asked for', async () => {
    const missing = await check(await small.files(witnesses.slice(1)));
    expect(missing.verdict).toMatchObject({ outcome: 'bad', memory: null });
    expect(missing.said.witnesses).toBe('missing');
    const late = await check(await small.files(), { now: () => new Date(NOW.getTime() + 3_600_000) });
    expect([late.verdict.outcome, late.said.witnesses]).toEqual(['note', 'late']);
    const none = await check(await small.files([]), { shown: { vkey: log.vkey, public_policy: 'quorum none\n' } });
    expect([none.verdict.outcome, none.said.witnesses]).toEqual(['note', 'none']);
  });

  it('holds on to the key it knows', async () => {
    const memory = await remembered();
    const other = await Signer.make(ORIGIN, 1);
    const changed = await check(await small.files(), { memory, shown: { vkey: other.vkey, public_policy: POLICY } });
    expect([changed.verdict.outcome, changed.said.key]).toEqual(['bad', 'other']);
    const rules = await check(await small.files(), { memory, shown: { vkey: log.vkey, public_policy: 'quorum none\n' } });
    expect([rules.verdict.outcome, rules.said.key]).toEqual(['note', 'policy']);
    const given = await check(await small.files(), {
      memory: { ...memory, given: true },
      shown: { vkey: log.vkey, public_policy: 'quorum none\n' },
    });
    expect([given.verdict.outcome, given.said.key]).toEqual(['fine', 'given']);
    expect(given.verdict.memory?.policy).toBe(POLICY);
  });

  it('does not take a missing file for a broken promise', async () => {
    const files = await small.files();
    files.checkpoint = () => Promise.reject(new Fault('missing', 'status 502'));
    const { verdict, steps } = await check(files);
    expect(verdict).toMatchObject({ outcome: 'out', memory: null });
    expect(steps.get('fetch')).toMatchObject({ outcome: 'out', detail: 'status 502' });
  });

  it('keeps what it was shown as evidence', async () => {
    const files = await new MadeLedger(200, person, 7).files();
    const memory = await remembered();
    const { steps } = await check(files, { memory });
    const evidence = JSON.parse(evidenceOf([...steps.values()], files, memory, NOW.toISOString()));
    expect(evidence.remembered.seen.size).toBe(40);
    expect(evidence.files.map((one: { path: string }) => one.path)).toContain('checkpoint');
  });
});

describe('a kept file', () => {
  async function proofText(index: number, openings: readonly object[] | null, vkey = log.vkey): Promise<string> {
    const size = grown.entries.length;
    const hashes = await inclusionProof(index, size, nodesFromTiles(size, (tile) => grown.tile(tile)));
    const entry = toBase64(grown.entries[index] as Uint8Array);
    const extra = { entry, format: 'reelm-receipt/v1', openings: openings ?? [], policy: POLICY, realm: ORIGIN, vkey };
    const line = openings ? `extra ${toBase64(encodeCanonical(extra as never))}\n` : '';
    const proof = hashes.map((one) => `${toBase64(one)}\n`).join('');
    return `c2sp.org/tlog-proof@v1\n${line}index ${index}\n${proof}\n${await grown.note(witnesses)}`;
  }

  async function checked(text: string) {
    const steps: Record<string, string> = {};
    const verdict = await checkFile(text, { vkey: log.vkey, policy: POLICY }, await grown.files(), (step) => {
      steps[step.name] = step.said;
    });
    return { verdict, steps };
  }

  it('is accepted as a proof and as a receipt', async () => {
    const proof = await checked(await proofText(17, null));
    expect(proof.verdict).toMatchObject({ outcome: 'fine', receipt: false });
    const receipt = await checked(await proofText(17, [OPENING]));
    expect(receipt.verdict).toMatchObject({ outcome: 'fine', receipt: true, documents: [OPENING.document] });
  });

  it('is refused when it tells of somebody else, or with another opening', async () => {
    for (const other of [{ document: '{"person":"9999"}' }, { opening: '5b'.repeat(32) }, { kind: 'rights.exported' }]) {
      const { verdict, steps } = await checked(await proofText(17, [{ ...OPENING, ...other }]));
      expect([verdict.outcome, steps.opening]).toEqual(['bad', 'bad']);
      expect(verdict.documents).toEqual([]);
    }
  });

  it('is refused when it brings its own key', async () => {
    const other = await Signer.make(ORIGIN, 1);
    const { verdict, steps } = await checked(await proofText(17, [OPENING], other.vkey));
    expect([verdict.outcome, steps.key]).toEqual(['bad', 'foreign']);
  });

  it.each(['', 'hello', 'c2sp.org/tlog-proof@v1\n\n'])('is refused when it is no proof: %j', async (text) => {
    const { verdict, steps } = await checked(text);
    expect([verdict.outcome, steps.file]).toEqual(['bad', 'bad']);
  });
});
