/// <reference lib="webworker" />
/**
 * Where an address book is worked on, apart from the page. It has no way to the realm: what it asks, it asks of the
 * page, and that is blinded. It is ended as soon as the search is.
 */
import { batchOf, blindOne, finish, type Answer, type Batch } from './blinding';
import { findIn, makeEntry, type Made } from './protocol';

declare const self: DedicatedWorkerGlobalScope;

const BATCH = 50;

export type Told =
  | { kind: 'work'; inputs: string[]; publicKey: string }
  | { kind: 'answer'; answer: Answer; last: boolean }
  | { kind: 'find'; entries: ArrayBuffer }
  | { kind: 'make'; handle: string };

export type Said =
  | { kind: 'ask'; elements: string[] }
  | { kind: 'done'; count: number }
  | { kind: 'ready'; count: number }
  | { kind: 'found'; found: { input: string; handles: string[] }[] }
  | { kind: 'made'; made: Made[] }
  | { kind: 'failed'; message: string };

let inputs: string[] = [];
let publicKey = '';
const outputs: Uint8Array[] = [];
let batch: Batch | null = null;

const say = (said: Said): void => self.postMessage(said);

function next(): void {
  const rest = inputs.slice(outputs.length, outputs.length + BATCH);
  if (rest.length === 0) return say({ kind: 'ready', count: outputs.length });
  batch = batchOf(rest.map(blindOne));
  say({ kind: 'ask', elements: batch.elements });
}

function take(answer: Answer, last: boolean): void {
  if (!batch) throw new Error('nothing was asked');
  outputs.push(...finish(batch, answer, publicKey));
  batch = null;
  say({ kind: 'done', count: outputs.length });
  if (last) say({ kind: 'ready', count: outputs.length });
  else next();
}

async function find(entries: Uint8Array<ArrayBuffer>): Promise<void> {
  const found: { input: string; handles: string[] }[] = [];
  for (const [at, output] of outputs.entries()) {
    const handles = await findIn(entries, output);
    if (handles.length > 0) found.push({ input: inputs[at] as string, handles });
  }
  say({ kind: 'found', found });
}

async function make(handle: string): Promise<void> {
  say({ kind: 'made', made: await Promise.all(outputs.map((output) => makeEntry(output, handle))) });
}

async function obey(told: Told): Promise<void> {
  if (told.kind === 'work') {
    ({ inputs, publicKey } = told);
    next();
  } else if (told.kind === 'answer') take(told.answer, told.last);
  else if (told.kind === 'find') await find(new Uint8Array(told.entries));
  else await make(told.handle);
}

self.addEventListener('message', (event: MessageEvent<Told>) => {
  obey(event.data).catch((cause: unknown) =>
    say({ kind: 'failed', message: cause instanceof Error ? cause.message : 'failed' }),
  );
});
