/** From what stands in an address book to what is looked for: `tel:+E164` and `mailto:`, the same on every device. */
import { findPhoneNumbersInText, parsePhoneNumberFromString, type CountryCode } from 'libphonenumber-js/min';

import { readVCards, type Contact } from './vcard';

const EMAIL = /[^\s@<>()",;:]{1,64}@[^\s@<>()",;:.]+(?:\.[^\s@<>()",;:.]+)+/gu;
const WHOLE_EMAIL = new RegExp(`^(?:${EMAIL.source})$`, 'u');
const MOST_EMAIL_BYTES = 254;

/** `country`: what national forms are read in. Null for what can't be a number. */
export function phoneInput(text: string, country: string): string | null {
  const number = parsePhoneNumberFromString(text.normalize('NFKC'), (country || undefined) as CountryCode | undefined);
  return number?.isPossible() ? `tel:${number.number}` : null;
}

/** Unicode NFKC, small letters, NFKC again. Null for what can't be an address. */
export function emailInput(text: string): string | null {
  const normal = text.trim().normalize('NFKC').toLowerCase().normalize('NFKC');
  const fits = WHOLE_EMAIL.test(normal) && new TextEncoder().encode(normal).length <= MOST_EMAIL_BYTES;
  return fits ? `mailto:${normal}` : null;
}

/** The number as people write it to those abroad. */
export function showPhone(input: string): string {
  return parsePhoneNumberFromString(input.replace(/^tel:/, ''))?.formatInternational() ?? input;
}

/** One input each, with the names that stand beside it in the address book. */
export function planOf(contacts: readonly Contact[], country: string): Map<string, Set<string>> {
  const plan = new Map<string, Set<string>>();
  const add = (input: string | null, name: string) => {
    if (!input) return;
    const names = plan.get(input) ?? new Set<string>();
    if (name) names.add(name);
    plan.set(input, names);
  };
  for (const contact of contacts) {
    for (const phone of contact.phones) add(phoneInput(phone, country), contact.name);
    for (const email of contact.emails) add(emailInput(email), contact.name);
  }
  return plan;
}

/** What stands between numbers and addresses, as a name. */
function nameIn(rest: string): string {
  return rest.replace(/[\s,;:|<>()"\t–—-]+/gu, ' ').trim();
}

/** Reads what was pasted: vCards, or lines with numbers and addresses, with or without a name. */
export function readPasted(text: string, country: string): Contact[] {
  if (/^BEGIN:VCARD/im.test(text)) return readVCards(text);
  const found: Contact[] = [];
  for (const line of text.normalize('NFKC').split(/\r?\n/)) {
    const emails = line.match(EMAIL) ?? [];
    const rest = line.replace(EMAIL, ' ');
    const within = findPhoneNumbersInText(rest, (country || undefined) as CountryCode | undefined);
    const phones = within.map((one) => one.number.number as string);
    const whole = phones.length + emails.length === 0 ? phoneInput(rest, country) : null;
    if (whole) found.push({ name: '', phones: [whole.slice(4)], emails: [] });
    else if (phones.length + emails.length > 0) {
      let name = rest;
      for (const one of [...within].reverse()) name = `${name.slice(0, one.startsAt)} ${name.slice(one.endsAt)}`;
      found.push({ name: nameIn(name), phones, emails: [...emails] });
    }
  }
  return found;
}
