/** A charter's document, read with care: it is its writer's, and an older or newer one may lack or add anything. Pure. */
import type { CharterDocument } from '$lib/api/realms';

type Bag = Record<string, unknown>;

const bag = (value: unknown): Bag => (typeof value === 'object' && value !== null ? (value as Bag) : {});
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const whole = (value: unknown): number | null => (typeof value === 'number' && Number.isSafeInteger(value) ? value : null);

export interface CharterMember {
  name: string;
  role: string;
  vkey: string;
  veto: string[];
}

export interface CharterWords {
  name: string;
  realm: string;
  network: string;
  operator: { name: string; country: string };
  owners: { name: string; share: string }[];
  /** Empty: everywhere that no other realm of the network names. */
  countries: { country: string; storedIn: string[] }[];
  sites: { site: string; country: string }[];
  threshold: number;
  members: CharterMember[];
  auditors: string[];
  borders: string;
  minimumAge: number | null;
  approvers: string;
  noticeDays: number | null;
  exportDays: number | null;
  retention: { dataClass: string; days: number }[];
  rules: string;
  validFrom: string;
}

/** The document in a charter's file; null for a file that holds none. */
export function readDocument(file: string): CharterDocument | null {
  try {
    const read = bag(JSON.parse(file));
    return Array.isArray(read) || !('operator' in read) ? null : read;
  } catch {
    return null;
  }
}

export function readCharter(document: CharterDocument): CharterWords {
  const keyholders = bag(document.keyholders);
  const operator = bag(document.operator);
  const closure = bag(document.closure);
  return {
    name: text(document.name),
    realm: text(document.realm),
    network: text(document.network),
    operator: { name: text(operator.legal_entity) || text(operator.name), country: text(operator.country) },
    owners: list(document.owners).map(bag).map((one) => ({ name: text(one.name), share: text(one.share) })),
    countries: list(document.jurisdictions).map((one) =>
      typeof one === 'string'
        ? { country: one, storedIn: [] }
        : { country: text(bag(one).country), storedIn: list(bag(one).stored_in).map(text) },
    ),
    sites: list(document.storage).map(bag).map((one) => ({ site: text(one.site), country: text(one.country) })),
    threshold: whole(keyholders.threshold) ?? 1,
    members: list(keyholders.members)
      .map(bag)
      .map((one) => ({ name: text(one.name), role: text(one.role), vkey: text(one.vkey), veto: list(one.veto).map(text) })),
    auditors: list(document.auditors).map((one) => text(bag(one).name)),
    borders: text(document.borders),
    minimumAge: whole(document.minimum_age),
    approvers: text(bag(document.staff).approver_residency),
    noticeDays: whole(closure.notice_days),
    exportDays: whole(closure.export_days),
    retention: Object.entries(bag(document.retention)).flatMap(([dataClass, days]) => {
      const counted = whole(days);
      return counted === null ? [] : [{ dataClass, days: counted }];
    }),
    rules: text(bag(document.edition).rules),
    validFrom: text(document.valid_from),
  };
}
