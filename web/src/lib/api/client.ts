import createClient from 'openapi-fetch';

import { ApiProblem, offlineProblem, toProblem } from './problem';
import type { paths } from './schema';

/** The only way to the API. Same origin; the session cookie travels by itself. */
export const client = createClient<paths>({ credentials: 'same-origin' });

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; raises ApiProblem for any other, and for a lost network. */
export async function ask<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw offlineProblem();
  }
  if (!answer.response.ok) throw new ApiProblem(toProblem(answer.error, answer.response.status));
  return answer.data as T;
}
