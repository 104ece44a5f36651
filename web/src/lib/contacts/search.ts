/** Runs a search: the worker blinds and opens, the page carries what is blinded to the realm and back. */
import { ApiProblem } from '$lib/api/problem';
import { contactsKey, contactsSet, evaluate, type FindableEntry, type FindableKind } from '$lib/services/contacts';

import type { Answer } from './blinding';
import type { Made } from './protocol';
import type { Said, Told } from './worker';

export interface Found {
  /** Of those asked for, in their order: who says that it is theirs. */
  found: { input: string; handles: string[] }[];
  /** How many were looked for. */
  checked: number;
  /** When the allowance ended it before all were: from when on there is more. */
  until: string | null;
}

interface Watching {
  signal: AbortSignal;
  onprogress?: (done: number) => void;
}

/** Sends one batch; where the allowance does not reach for all of it, as many as it does. */
async function carry(
  elements: string[],
  signal: AbortSignal,
): Promise<{ answer: Answer | null; last: boolean; until: string | null }> {
  try {
    return { answer: await evaluate(elements, signal), last: false, until: null };
  } catch (cause) {
    if (!(cause instanceof ApiProblem) || cause.code !== 'contacts.enough') throw cause;
    const left = Number(cause.fields.left ?? 0);
    const until = cause.fields.at ?? null;
    if (!(left > 0 && left < elements.length)) return { answer: null, last: true, until };
    return { answer: await evaluate(elements.slice(0, left), signal), last: true, until };
  }
}

/** Starts a worker, has it work on `inputs`, and calls `ready` when all outputs, or as many as may be, are there. */
async function work<T>(
  inputs: string[],
  { signal, onprogress }: Watching,
  ready: (tell: (told: Told, transfer?: Transferable[]) => void, count: number, until: string | null) => Promise<void>,
  taken: (said: Said) => T | undefined,
): Promise<T> {
  const { public_key: publicKey } = await contactsKey();
  signal.throwIfAborted();
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  const tell = (told: Told, transfer: Transferable[] = []) => worker.postMessage(told, transfer);
  let until: string | null = null;
  try {
    return await new Promise<T>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      worker.onerror = () => reject(new Error('the search could not run'));
      const hear = async (said: Said): Promise<void> => {
        if (said.kind === 'ask') {
          const sent = await carry(said.elements, signal);
          until = sent.until;
          if (sent.answer) tell({ kind: 'answer', answer: sent.answer, last: sent.last });
          else await ready(tell, done, until);
        } else if (said.kind === 'done') {
          done = said.count;
          onprogress?.(done);
        } else if (said.kind === 'ready') await ready(tell, said.count, until);
        else if (said.kind === 'failed') throw new Error(said.message);
        else {
          const result = taken(said);
          if (result !== undefined) resolve(result);
        }
      };
      let done = 0;
      worker.onmessage = (event: MessageEvent<Said>) => void hear(event.data).catch(reject);
      tell({ kind: 'work', inputs, publicKey });
    });
  } finally {
    worker.terminate();
  }
}

/** Looks for people by `tel:` and `mailto:` inputs. */
export async function search(inputs: string[], watching: Watching): Promise<Found> {
  let checked = 0;
  let until: string | null = null;
  return work<Found>(
    inputs,
    watching,
    async (tell, count, ended) => {
      checked = count;
      until = ended;
      const entries = await contactsSet(watching.signal);
      tell({ kind: 'find', entries }, [entries]);
    },
    (said) => (said.kind === 'found' ? { found: said.found, checked, until } : undefined),
  );
}

/** Makes the entries by which `handle` can be found. Raises `contacts.enough` when the allowance is used up. */
export async function makeEntries(
  wanted: { kind: FindableKind; input: string }[],
  handle: string,
  signal: AbortSignal,
): Promise<FindableEntry[]> {
  const made = await work<Made[]>(
    wanted.map((one) => one.input),
    { signal },
    (tell, count, until) => {
      if (count < wanted.length) {
        throw new ApiProblem({
          type: 'about:blank',
          title: '',
          detail: '',
          status: 429,
          code: 'contacts.enough',
          fields: { left: '0', at: until ?? '' },
        });
      }
      tell({ kind: 'make', handle });
      return Promise.resolve();
    },
    (said) => (said.kind === 'made' ? said.made : undefined),
  );
  return wanted.map((one, at) => ({ kind: one.kind, ...(made[at] as Made) }));
}
