import { describe, expect, it } from 'vitest';

import { planOf, readPasted } from '$lib/contacts/numbers';
import { readVCards } from '$lib/contacts/vcard';

const BOOK = `BEGIN:VCARD
VERSION:4.0
FN:Ada L.
item1.TEL;VALUE=uri;PREF=1;TYPE="voice,home":tel:+33-6-12-34-56-78;ext=12
item1.X-ABLABEL:mobile
EMAIL;TYPE=work:ada@mail.exam
 ple
END:VCARD
BEGIN:VCARD
VERSION:2.1
N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller;J=C3=B6rg;;;
TEL;CELL:079 123 45 67
TEL;HOME:044 668 18 00
NOTE;ENCODING=QUOTED-PRINTABLE:half=
 a line
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:Nobody\\, at all
END:VCARD
BEGIN:VCARD
VERSION:3.0
FN:小明
TEL:138 0013 8000
EMAIL:
END:VCARD
`;

describe('vCards', () => {
  it.each(['\n', '\r\n'])('of three versions are read', (end) => {
    expect(readVCards(BOOK.replaceAll('\n', end))).toEqual([
      { name: 'Ada L.', phones: ['+33-6-12-34-56-78'], emails: ['ada@mail.example'] },
      { name: 'Jörg Müller', phones: ['079 123 45 67', '044 668 18 00'], emails: [] },
      { name: '小明', phones: ['138 0013 8000'], emails: [''] },
    ]);
  });

  it('that are none hold nobody', () => {
    expect(readVCards('')).toEqual([]);
    expect(readVCards('TEL:+33612345678')).toEqual([]);
    expect(readVCards('BEGIN:VCARD\nTEL:+33612345678')).toEqual([]);
    expect(readVCards('\u0000\uffff:;=\nBEGIN:VCARD\n;;;:::\nEND:VCARD')).toEqual([]);
  });
});

describe('what is pasted', () => {
  it('is read with the names beside', () => {
    expect(readPasted('Ada L., 06 12 34 56 78\nzoe@mail.example\n\n+41 79 123 45 67 Ben\nnothing here', 'FR')).toEqual([
      { name: 'Ada L.', phones: ['+33612345678'], emails: [] },
      { name: '', phones: [], emails: ['zoe@mail.example'] },
      { name: 'Ben', phones: ['+41791234567'], emails: [] },
    ]);
  });

  it('may be a vCard', () => {
    expect(readPasted(BOOK, 'CH')).toHaveLength(3);
  });
});

describe('a plan', () => {
  it('asks once for each number, and keeps all names', () => {
    const plan = planOf(
      [
        { name: 'Ada', phones: ['06 12 34 56 78', 'call me'], emails: ['ADA@mail.example'] },
        { name: 'My sister', phones: ['+33 6 12 34 56 78'], emails: [] },
      ],
      'FR',
    );
    expect([...plan].map(([input, names]) => [input, [...names]])).toEqual([
      ['tel:+33612345678', ['Ada', 'My sister']],
      ['mailto:ada@mail.example', ['Ada']],
    ]);
  });
});
