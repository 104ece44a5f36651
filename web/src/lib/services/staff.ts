/** The staff console's way to the realm. What is opened is never kept: the realm answers `no-store`. */
import { ask, client } from '$lib/api/client';
import type {
  Grant,
  GrantClass,
  GrantNew,
  GrantState,
  Opened,
  OpenedReport,
  Page,
  StaffMe,
  StaffMember,
  WaitingReport,
} from '$lib/api/types';

export function getStaffMe(): Promise<StaffMe> {
  return ask(client.GET('/api/v1/staff/me'));
}

export function askEnrolment(publicKey: string, country: string, proof: string): Promise<unknown> {
  return ask(client.POST('/api/v1/staff/enrolment', { body: { public_key: publicKey, country, proof } }));
}

export async function listMembers(): Promise<StaffMember[]> {
  return (await ask(client.GET('/api/v1/staff/members'))).items;
}

export function listGrants(state: GrantState | null, cursor: string | null): Promise<Page<Grant>> {
  const query = { cursor, limit: 20, ...(state ? { state } : {}) };
  return ask(client.GET('/api/v1/staff/grants', { params: { query } }));
}

const at = (id: string) => ({ params: { path: { grant_id: id } } });

export function getGrant(id: string): Promise<Grant> {
  return ask(client.GET('/api/v1/staff/grants/{grant_id}', at(id)));
}

/** A request with what has to be signed; nothing is in the ledger yet. */
export function draftGrant(grant: GrantNew): Promise<Grant> {
  return ask(client.POST('/api/v1/staff/grants', { body: grant }));
}

export function signRequest(id: string, signature: string): Promise<Grant> {
  return ask(client.POST('/api/v1/staff/grants/{grant_id}/signature', { ...at(id), body: { signature } }));
}

export async function draftDecision(id: string, verdict: 'approve' | 'deny', country: string): Promise<string> {
  const body = { verdict, country };
  const path = '/api/v1/staff/grants/{grant_id}/decision';
  return (await ask(client.POST(path, { ...at(id), body }))).to_sign;
}

export function signDecision(id: string, signature: string): Promise<Grant> {
  const path = '/api/v1/staff/grants/{grant_id}/decision/signature';
  return ask(client.POST(path, { ...at(id), body: { signature } }));
}

/** Opens one class of one person's data; the use is in the public ledger before the answer comes. */
export function openData(id: string, handle: string, what: GrantClass, page = 0): Promise<Opened> {
  const body = { handle, what, page };
  return ask(client.POST('/api/v1/staff/grants/{grant_id}/opening', { ...at(id), body, cache: 'no-store' }));
}

export function clipVideoPath(id: string, clip: string): string {
  return `/api/v1/staff/grants/${id}/clips/${clip}/video`;
}

export function closeGrant(id: string): Promise<Grant> {
  return ask(client.POST('/api/v1/staff/grants/{grant_id}/close', at(id)));
}

/** Reports of messages, newest first; nothing of them is opened by listing them. */
export function listReports(cursor: string | null): Promise<Page<WaitingReport>> {
  return ask(client.GET('/api/v1/staff/reports', { params: { query: { cursor, limit: 20 } } }));
}

/** Exactly what was disclosed. Whoever reported it sees that it was opened. */
export function openReport(id: string): Promise<OpenedReport> {
  return ask(client.POST('/api/v1/staff/reports/{report_id}/open', { params: { path: { report_id: id } } }));
}
