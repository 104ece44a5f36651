import createClient from 'openapi-fetch';

import { ApiProblem, offlineProblem, toProblem } from './problem';

/** Loose until the schema is generated: any path, any shape; services give the types. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
type AnyPaths = any;

/** The only way to the API. Same origin; the session cookie travels by itself. */
export const client = createClient<AnyPaths>({ baseUrl: '', credentials: 'same-origin' });

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
