import type { Problem } from './types';

/** An expected failure, as the realm explained it (RFC 9457). */
export class ApiProblem extends Error {
  readonly code: string;
  readonly status: number;
  readonly fields: Record<string, string>;
  readonly retryAfterSeconds: number | null;
  readonly requestId: string | null;

  constructor(problem: Problem) {
    super(problem.detail || problem.title);
    this.name = 'ApiProblem';
    this.code = problem.code;
    this.status = problem.status;
    this.fields = problem.fields ?? {};
    this.retryAfterSeconds = problem.retry_after_seconds ?? null;
    this.requestId = problem.request_id ?? null;
  }

  get offline(): boolean {
    return this.code === 'client.offline';
  }

  get gone(): boolean {
    return this.status === 404;
  }

  get signInRequired(): boolean {
    return this.status === 401;
  }
}

/** Reads a problem body; a body that is none (a proxy's page, say) becomes one by its status. */
export function toProblem(body: unknown, status: number): Problem {
  if (typeof body === 'object' && body !== null && 'code' in body) {
    return { ...(body as Problem), status };
  }
  return { type: 'about:blank', title: '', detail: '', status, code: `http.${status}` };
}

export function offlineProblem(): ApiProblem {
  return new ApiProblem({
    type: 'about:blank',
    title: '',
    detail: '',
    status: 0,
    code: 'client.offline',
  });
}

export function asProblem(cause: unknown): ApiProblem {
  if (cause instanceof ApiProblem) return cause;
  return new ApiProblem({
    type: 'about:blank',
    title: '',
    detail: cause instanceof Error ? cause.message : '',
    status: 0,
    code: 'client.unexpected',
  });
}
