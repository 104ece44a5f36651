import createClient from 'openapi-fetch';

import { ApiProblem, offlineProblem, toProblem } from './problem';

interface CallInit {
  params?: { path?: Record<string, string>; query?: Record<string, unknown>; header?: Record<string, string> };
  body?: unknown;
  bodySerializer?: (body: unknown) => unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
  keepalive?: boolean;
}

type Call = (path: string, init?: CallInit) => Promise<Answer>;

/** The only way to the API. Same origin; the session cookie travels by itself. */
export const client = createClient({ credentials: 'same-origin' }) as unknown as Record<
  'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  Call
>;

interface Answer {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; raises ApiProblem for any other, and for a lost network. */
export async function ask<T>(call: Promise<Answer>): Promise<T> {
  let answer: Answer;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw offlineProblem();
  }
  if (!answer.response.ok) throw new ApiProblem(toProblem(answer.error, answer.response.status));
  return answer.data as T;
}
