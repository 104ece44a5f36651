/** Reads vCard files, versions 2.1, 3.0 and 4.0 (RFC 6350): names, telephone numbers and e-mail addresses. */

/** One line of an address book, as it was written there. */
export interface Contact {
  name: string;
  phones: string[];
  emails: string[];
}

interface Property {
  name: string;
  parameters: string;
  value: string;
}

/** Joins folded lines: those of RFC 6350, and those that quoted-printable ends with an equals sign. */
function unfold(text: string): string[] {
  const lines: string[] = [];
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    const last = lines.at(-1);
    if (last !== undefined && /^[ \t]/.test(line)) lines[lines.length - 1] = last + line.slice(1);
    else if (last !== undefined && /=$/.test(last) && /;[^:]*QUOTED-PRINTABLE/i.test(last)) {
      lines[lines.length - 1] = last.slice(0, -1) + line;
    } else lines.push(line);
  }
  return lines;
}

function parse(line: string): Property | null {
  const found = /^(?:[\w-]+\.)?([A-Za-z-]+)((?:;(?:"[^"]*"|[^":])*)?):(.*)$/s.exec(line);
  if (!found) return null;
  const [, name = '', parameters = '', value = ''] = found;
  return { name: name.toUpperCase(), parameters: parameters.toUpperCase(), value };
}

function decodeQuoted(value: string, parameters: string): string {
  const bytes: number[] = [];
  for (let at = 0; at < value.length; at++) {
    const hex = value[at] === '=' ? value.slice(at + 1, at + 3) : '';
    if (/^[0-9A-Fa-f]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      at += 2;
    } else bytes.push(...new TextEncoder().encode(value[at]));
  }
  const charset = /CHARSET=([\w-]+)/.exec(parameters)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(new Uint8Array(bytes));
  } catch {
    return new TextDecoder().decode(new Uint8Array(bytes));
  }
}

function plain({ parameters, value }: Property): string {
  const text = parameters.includes('QUOTED-PRINTABLE') ? decodeQuoted(value, parameters) : value;
  return text.replace(/\\n/gi, ' ').replace(/\\([,;:\\])/g, '$1').trim();
}

function fromParts(property: Property): string {
  const parts = property.value.split(/(?<!\\);/);
  return [parts[1], parts[0]]
    .map((value) => plain({ ...property, value: value ?? '' }))
    .filter(Boolean)
    .join(' ');
}

/** The people of a vCard file that have a number or an address. */
export function readVCards(text: string): Contact[] {
  const found: Contact[] = [];
  let one: (Contact & { parts: string }) | null = null;
  for (const line of unfold(text)) {
    const property = parse(line);
    if (!property) continue;
    const { name } = property;
    if (name === 'BEGIN' && /^\s*vcard\s*$/i.test(property.value)) one = { name: '', phones: [], emails: [], parts: '' };
    else if (!one) continue;
    else if (name === 'FN') one.name ||= plain(property);
    else if (name === 'N') one.parts = fromParts(property);
    else if (name === 'TEL') one.phones.push(plain(property).replace(/^tel:/i, '').replace(/;.*$/, ''));
    else if (name === 'EMAIL') one.emails.push(plain(property).replace(/^mailto:/i, ''));
    else if (name === 'END') {
      if (one.phones.length + one.emails.length > 0) {
        found.push({ name: one.name || one.parts, phones: one.phones, emails: one.emails });
      }
      one = null;
    }
  }
  return found;
}
