import { describe, expect, it } from 'vitest';

import { fromBase64, toBase64, utf8 } from '$lib/verify/bytes';
import { canCheck, sha256 } from '$lib/verify/crypto';
import { openNote, parseKey, parseNote } from '$lib/verify/note';
import { isMet, parsePolicy } from '$lib/verify/policy';
import { decodeCanonical } from '$lib/verify/canonical';

// The vector of the C2SP text on signed notes.
const VKEY = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k';
const TEXT = 'This is an example message.\n';
const SIGNATURE =
  'Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=';
const LINE = `— example.com/foo ${SIGNATURE}\n`;
const note = (text: string, ...lines: string[]) => utf8(`${text}\n${lines.join('')}`);

describe('signed notes', () => {
  it('open with the key that signed', async () => {
    expect(await canCheck()).toBe(true);
    const opened = await openNote(note(TEXT, LINE), [await parseKey(VKEY)]);
    expect(opened.text).toBe(TEXT);
    expect(opened.signed).toHaveLength(1);
  });

  it('ignore what is signed by nobody known, and refuse a known key that fails', async () => {
    const key = await parseKey(VKEY);
    const stranger = LINE.replace('/foo', '/bar');
    await openNote(note(TEXT, stranger, LINE), [key]);
    await expect(openNote(note(TEXT, stranger), [key])).rejects.toMatchObject({ what: 'signature' });
    const raw = fromBase64(SIGNATURE);
    raw[40] = (raw[40] ?? 0) ^ 1;
    const broken = `— example.com/foo ${toBase64(raw)}\n`;
    await expect(openNote(note(TEXT, LINE, broken), [key])).rejects.toMatchObject({ what: 'signature' });
    await expect(openNote(note('Another message.\n', LINE), [key])).rejects.toMatchObject({ what: 'signature' });
  });

  it.each([
    ['no blank line', `${TEXT}${LINE}`],
    ['a control character', `a\tb\n\n${LINE}`],
    ['no newline at the end', `${TEXT}\n${LINE.trimEnd()}`],
    ['a hyphen for the dash', `${TEXT}\n${LINE.replace('—', '-')}`],
    ['two spaces', `${TEXT}\n${LINE.replace('— ', '—  ')}`],
    ['base64 without padding', `${TEXT}\n${LINE.replace('=', '')}`],
    ['base64 in another spelling', `${TEXT}\n${LINE.replace('QM=', 'QN=')}`],
    ['no signature', `${TEXT}\n`],
    ['a carriage return', `${TEXT}\n${LINE.replace('\n', '\r\n')}`],
  ])('are refused with %s', (_, whole) => {
    expect(() => parseNote(utf8(whole))).toThrow();
  });

  it('are refused when they are not UTF-8', () => {
    expect(() => parseNote(Uint8Array.of(0xff, 10, 10))).toThrow();
  });

  it.each([VKEY.replace('530d903a', '530d903b'), VKEY.replace('foo', 'fooo'), 'foo', VKEY.slice(0, -1), ` ${VKEY}`])(
    'have no key %s',
    async (vkey) => {
      await expect(parseKey(vkey)).rejects.toThrow();
    },
  );
});

async function witness(name: string, fill: number): Promise<string> {
  const raw = Uint8Array.from([4, ...new Array<number>(32).fill(fill)]);
  const id = (await sha256(Uint8Array.from([...utf8(`${name}\n`), ...raw]))).slice(0, 4);
  return `witness ${name} ${name}+${[...id].map((b) => b.toString(16).padStart(2, '0')).join('')}+${toBase64(raw)}\n`;
}

describe('policies', () => {
  it('count witnesses through their groups', async () => {
    const lines = await Promise.all([witness('a', 1), witness('b', 2), witness('c', 3)]);
    const policy = await parsePolicy(`# who\n${lines.join('')}group two 2 a b\ngroup all all two c\nquorum all\n`);
    expect(isMet(policy, ['a', 'b', 'c'])).toBe(true);
    expect(isMet(policy, ['a', 'b'])).toBe(false);
    expect(isMet(policy, ['a', 'c'])).toBe(false);
    expect(isMet(await parsePolicy('quorum none\n'), [])).toBe(true);
  });

  it('are refused where they are ambiguous', async () => {
    const [a, b] = [await witness('a', 1), await witness('b', 2)];
    for (const text of [
      '',
      'quorum none',
      'quorum none\nquorum none\n',
      `${a}quorum b\n`,
      `${a}${a}quorum a\n`,
      `${a}${a.replace('witness a', 'witness b')}quorum a\n`,
      `${a}${b}group g 3 a b\nquorum g\n`,
      `${a}${b}group g 01 a b\nquorum g\n`,
      `${a}${b}group g any a\ngroup h any a b\nquorum h\n`,
      'witness a\nquorum none\n',
      'quorum none\u0000\n',
    ]) {
      await expect(parsePolicy(text), text).rejects.toThrow();
    }
  });
});

describe('canonical JSON', () => {
  it.each(['{"a":1,"b":[true,null,"é\\n"]}', '{}', '[]', '"\u20ac"', '-7', '{"\ud83d\ude00":1,"\ufb33":2}'])('accepts %s', (text) => {
    expect(decodeCanonical(utf8(text))).toEqual(JSON.parse(text));
  });

  it.each([
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    '{ "a":1}',
    '[1.5]',
    '[1e3]',
    '[-0]',
    '[9007199254740993]',
    '"\\u00e9"',
    '"\\ud800"',
    '{"a":1}\n',
    '',
    `${'['.repeat(65)}${']'.repeat(65)}`,
  ])('refuses %s', (text) => {
    expect(() => decodeCanonical(utf8(text))).toThrow();
  });
});
