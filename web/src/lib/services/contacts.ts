/** The realm's part in finding people: nothing here has a number, an address or who was found. */
import { ask, client } from '$lib/api/client';
import { ApiProblem, offlineProblem, toProblem } from '$lib/api/problem';
import type { components } from '$lib/api/schema';

type Schemas = components['schemas'];
export type Findable = Schemas['Findable'];
export type FindableKind = Findable['kinds'][number];
export type FindableEntry = Schemas['FindableEntry'];

export function contactsKey(): Promise<Schemas['ContactsKey']> {
  return ask(client.GET('/api/v1/contacts/key'));
}

export function evaluate(elements: string[], signal: AbortSignal): Promise<Schemas['Evaluations']> {
  return ask(client.POST('/api/v1/contacts/evaluations', { body: { elements }, signal }));
}

/** All entries there are; the browser's own cache spares the way where they are the same as before. */
export async function contactsSet(signal: AbortSignal): Promise<ArrayBuffer> {
  let answer: Response;
  try {
    answer = await fetch('/api/v1/contacts/set', { credentials: 'same-origin', signal });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw offlineProblem();
  }
  if (!answer.ok) throw new ApiProblem(toProblem(await answer.json().catch(() => null), answer.status));
  return answer.arrayBuffer();
}

export function getFindable(): Promise<Findable> {
  return ask(client.GET('/api/v1/me/findable'));
}

export function putFindable(entries: FindableEntry[]): Promise<Findable> {
  return ask(client.PUT('/api/v1/me/findable', { body: { entries } }));
}

export function endFindable(): Promise<unknown> {
  return ask(client.DELETE('/api/v1/me/findable'));
}
