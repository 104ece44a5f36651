/**
 * What a member of staff is about to sign, read before the key touches it. The realm proposes the
 * text; this browser signs only what says the same as the form did. Pure.
 *
 * The text is `reelm/<kind>/v1`, a newline, and the ledger entry without its signature as canonical
 * JSON. People and the reason's words stand in it as references that nobody here can undo: how many
 * people is checked, who they are is not.
 */
import type { GrantNew } from '$lib/api/types';
import { utf8 } from '$lib/verify/bytes';
import { decodeCanonical, type Json } from '$lib/verify/canonical';

export type SignKind = 'grant.requested' | 'grant.approved' | 'grant.denied';
export type Claims = Record<string, Json>;

/** A clock that differs by more than this makes the entry's time a lie. */
const CLOCK_SLACK_MS = 15 * 60_000;

/** What is to be signed says something else than was asked for. Nothing was signed. */
export class NotWhatWasAsked extends Error {
  constructor(readonly fields: string[]) {
    super(`differs in ${fields.join(', ')}`);
    this.name = 'NotWhatWasAsked';
  }
}

/** The entry in a text to sign. @throws NotWhatWasAsked for another kind, Fault for another spelling. */
export function readToSign(text: string, kind: SignKind): Claims {
  const line = `reelm/${kind}/v1\n`;
  if (!text.startsWith(line)) throw new NotWhatWasAsked(['kind']);
  const entry = decodeCanonical(utf8(text.slice(line.length)));
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) throw new NotWhatWasAsked(['kind']);
  if (entry.kind !== kind) throw new NotWhatWasAsked(['kind']);
  return entry;
}

function same(a: Json | undefined, b: Json): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function timely(at: Json | undefined, nowMs: number): boolean {
  return typeof at === 'string' && Math.abs(Date.parse(at) - nowMs) <= CLOCK_SLACK_MS;
}

const REFERENCE = /^[0-9a-f]{64}$/;
const isReference = (value: Json | undefined) => typeof value === 'string' && REFERENCE.test(value);

/** Refuses unless every field is expected and right; a field nobody expected is refused too. */
function demand(entry: Claims, checks: Record<string, (value: Json | undefined) => boolean>): void {
  const wrong = Object.keys(checks).filter((name) => !checks[name]?.(entry[name]));
  const strange = Object.keys(entry).filter((name) => !(name in checks));
  if (wrong.length + strange.length > 0) throw new NotWhatWasAsked([...wrong, ...strange].sort());
}

export function checkRequest(text: string, form: GrantNew, staff: string, nowMs: number): Claims {
  const entry = readToSign(text, 'grant.requested');
  demand(entry, {
    kind: () => true,
    at: (value) => timely(value, nowMs),
    charter: isReference,
    staff: (value) => value === staff,
    document: isReference,
    people: (value) =>
      Array.isArray(value) && value.length === form.people.length && value.every(isReference),
    classes: (value) => Array.isArray(value) && same([...value].sort(), [...form.classes].sort()),
    minutes: (value) => value === form.minutes,
    reason: (value) => value === form.reason,
    country: (value) => value === form.country,
    emergency: (value) => value === (form.emergency ?? false),
  });
  return entry;
}

interface Decided {
  entries: { requested: number | null };
  minutes: number;
  emergency: boolean;
}

export function checkApproval(text: string, grant: Decided, country: string, staff: string, nowMs: number): Claims {
  const entry = readToSign(text, 'grant.approved');
  demand(entry, {
    kind: () => true,
    at: (value) => timely(value, nowMs),
    charter: isReference,
    request: (value) => value === grant.entries.requested,
    staff: (value) => value === staff,
    country: (value) => value === country,
    emergency: (value) => value === grant.emergency,
    // Both ends are rounded to the minute.
    expires_at: (value) =>
      typeof value === 'string' &&
      Date.parse(value) - Date.parse(String(entry.at)) <= (grant.minutes + 1) * 60_000,
  });
  return entry;
}

export function checkDenial(text: string, grant: Decided, staff: string, nowMs: number): Claims {
  const entry = readToSign(text, 'grant.denied');
  demand(entry, {
    kind: () => true,
    at: (value) => timely(value, nowMs),
    charter: isReference,
    request: (value) => value === grant.entries.requested,
    cause: (value) => value === 'refused',
    staff: (value) => value === staff,
  });
  return entry;
}
