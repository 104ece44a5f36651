/**
 * One file to one tus 1.0 upload: create, send in pieces, find out where we were, carry on.
 *
 * Progress is what the server acknowledged (`Upload-Offset`), never what left this machine. Pieces
 * grow while the line is fast and shrink when it isn't, so that a lost connection loses seconds.
 * Source: tus resumable upload protocol 1.0.0, core and the creation and termination extensions.
 */

export const TUS_ENDPOINT = '/api/v1/uploads';
const SMALLEST_PIECE = 256 * 1024;
const FIRST_PIECE = 1024 * 1024;
const LARGEST_PIECE = 8 * 1024 * 1024;
/** A piece should take about this long. */
const PIECE_TARGET_MS = 2500;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** A refusal that trying again won't change. */
export class UploadRefused extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string | null = null,
    readonly fields: Record<string, string> = {},
  ) {
    super(code);
    this.name = 'UploadRefused';
  }
}

/** The session ended: carry on once the person has signed in again. */
export class SignInNeeded extends Error {
  constructor() {
    super('accounts.sign_in_required');
    this.name = 'SignInNeeded';
  }
}

/** The bytes can't be read any more: moved, deleted or changed on the device. */
export class FileUnreadable extends Error {
  constructor() {
    super('the file can no longer be read');
    this.name = 'FileUnreadable';
  }
}

/** The line broke, or the realm answered that it can't just now. */
export type RetryReason = 'line' | 'realm';

export type Pause = { kind: 'offline' } | { kind: 'retry'; why: RetryReason; waitMs: number; attempt: number };

export interface TusWorld {
  fetch: typeof fetch;
  now: () => number;
  /** Resolves after the time, at once when the line comes back, or rejects on abort. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  online: () => boolean;
  untilOnline: (signal: AbortSignal) => Promise<void>;
  /** 0 to 1, spreads the retries of many clients. */
  jitter: () => number;
}

export interface TusSource {
  blob: Blob;
  name: string;
  type: string;
  /** What the bytes are for, where they aren't a clip. */
  purpose?: 'import';
}

export interface TusCallbacks {
  /** A new upload exists at this address: remember it before any byte is sent. */
  created: (url: string) => Promise<void>;
  acknowledged: (offset: number) => void | Promise<void>;
  paused: (pause: Pause | null) => void;
}

/** The wait before the nth try: doubling, spread by a quarter, never less than the server asked for. */
export function pauseBefore(attempt: number, jitter: number, askedSeconds: number | null): number {
  const doubled = Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS);
  return Math.max(doubled * (0.75 + jitter * 0.5), (askedSeconds ?? 0) * 1000);
}

/** The next piece's size from how long the last one took. */
export function nextPieceBytes(lastBytes: number, tookMs: number): number {
  const ideal = (lastBytes * PIECE_TARGET_MS) / Math.max(tookMs, 1);
  const gentle = Math.min(Math.max(ideal, lastBytes / 2), lastBytes * 2);
  const stepped = Math.round(gentle / SMALLEST_PIECE) * SMALLEST_PIECE;
  return Math.min(Math.max(stepped, SMALLEST_PIECE), LARGEST_PIECE);
}

function base64(text: string): string {
  const bytes = new TextEncoder().encode(text);
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** The last segment of an upload's address, which `POST /api/v1/clips` calls `upload_id`. */
export function uploadId(url: string): string {
  const path = url.split(/[?#]/u)[0] ?? '';
  return path.replace(/\/+$/u, '').split('/').pop() ?? '';
}

interface ProblemBody {
  code?: string;
  detail?: string;
  fields?: Record<string, string>;
  retry_after_seconds?: number;
}

export async function problemOf(response: Response): Promise<ProblemBody> {
  try {
    return (await response.json()) as ProblemBody;
  } catch {
    return {};
  }
}

class TryAgain extends Error {
  constructor(readonly askedSeconds: number | null) {
    super('try again');
  }
}

class Gone extends Error {}
class OutOfStep extends Error {}

function retryAfter(response: Response, problem: ProblemBody): number | null {
  if (typeof problem.retry_after_seconds === 'number') return problem.retry_after_seconds;
  const header = Number(response.headers.get('Retry-After'));
  return Number.isFinite(header) && header > 0 ? header : null;
}

async function refuse(response: Response): Promise<never> {
  const problem = await problemOf(response);
  const { status } = response;
  if (status === 401) throw new SignInNeeded();
  if (status === 404 || status === 410) throw new Gone();
  if (status === 409) throw new OutOfStep();
  if (status === 423 || status === 408 || status === 429 || status === 460 || status >= 500) {
    // 507 is a full disk or quota: the person must know, but it may pass.
    throw status === 507
      ? new UploadRefused(problem.code ?? 'uploads.storage_full', status, problem.detail ?? null)
      : new TryAgain(retryAfter(response, problem));
  }
  const fallback = status === 413 ? 'uploads.too_large' : 'uploads.refused';
  throw new UploadRefused(problem.code ?? fallback, status, problem.detail ?? null, problem.fields);
}

export class TusUpload {
  #url: string | null;
  #offset = 0;
  #piece = FIRST_PIECE;
  #remade = 0;

  constructor(
    private readonly source: TusSource,
    url: string | null,
    private readonly world: TusWorld,
    private readonly on: TusCallbacks,
  ) {
    this.#url = url;
  }

  /** Send until everything is acknowledged. @returns the upload's address. @throws the classes above. */
  async run(signal: AbortSignal): Promise<string> {
    let attempt = 0;
    let inStep = false;
    for (;;) {
      signal.throwIfAborted();
      if (!this.world.online()) {
        this.on.paused({ kind: 'offline' });
        await this.world.untilOnline(signal);
        inStep = false;
      }
      try {
        if (this.#url === null) await this.#create(signal);
        else if (!inStep) await this.#findOffset(signal);
        inStep = true;
        this.on.paused(null);
        if (this.#offset >= this.source.blob.size && this.#url !== null) return this.#url;
        await this.#sendPiece(signal);
        attempt = 0;
      } catch (error) {
        signal.throwIfAborted();
        inStep = false;
        if (error instanceof Gone) {
          await this.#startOver();
        } else if (
          error instanceof TryAgain ||
          error instanceof OutOfStep ||
          error instanceof TypeError
        ) {
          attempt += 1;
          const why = error instanceof TypeError ? 'line' : 'realm';
          const asked = error instanceof TryAgain ? error.askedSeconds : null;
          await this.#pause(why, attempt, asked, signal);
        } else throw error;
      }
    }
  }

  async #startOver(): Promise<void> {
    this.#remade += 1;
    if (this.#remade > 3) throw new UploadRefused('uploads.not_found', 404);
    this.#url = null;
    this.#offset = 0;
    await this.on.acknowledged(0);
  }

  async #pause(
    why: RetryReason,
    attempt: number,
    asked: number | null,
    signal: AbortSignal,
  ): Promise<void> {
    if (!this.world.online()) return;
    const waitMs = pauseBefore(attempt, this.world.jitter(), asked);
    this.on.paused({ kind: 'retry', why, waitMs, attempt });
    await this.world.sleep(waitMs, signal);
  }

  async #create(signal: AbortSignal): Promise<void> {
    const metadata = [`filename ${base64(this.source.name)}`];
    if (this.source.type) metadata.push(`filetype ${base64(this.source.type)}`);
    if (this.source.purpose) metadata.push(`purpose ${base64(this.source.purpose)}`);
    const response = await this.world.fetch(TUS_ENDPOINT, {
      method: 'POST',
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Length': String(this.source.blob.size),
        'Upload-Metadata': metadata.join(','),
      },
      credentials: 'same-origin',
      signal,
    });
    const location = response.headers.get('Location');
    if (response.status !== 201 || location === null) {
      if (response.ok) throw new UploadRefused('uploads.refused', response.status);
      await refuse(response);
      return;
    }
    this.#offset = 0;
    await this.on.created(location);
    this.#url = location;
    await this.on.acknowledged(0);
  }

  async #findOffset(signal: AbortSignal): Promise<void> {
    const response = await this.world.fetch(this.#url ?? '', {
      method: 'HEAD',
      headers: { 'Tus-Resumable': '1.0.0' },
      credentials: 'same-origin',
      cache: 'no-store',
      signal,
    });
    if (!response.ok) await refuse(response);
    const length = response.headers.get('Upload-Length');
    if (length !== null && Number(length) !== this.source.blob.size) throw new Gone();
    await this.#acknowledge(response);
  }

  async #sendPiece(signal: AbortSignal): Promise<void> {
    const stop = Math.min(this.#offset + this.#piece, this.source.blob.size);
    let bytes: ArrayBuffer;
    try {
      bytes = await this.source.blob.slice(this.#offset, stop).arrayBuffer();
    } catch {
      throw new FileUnreadable();
    }
    const started = this.world.now();
    const response = await this.world.fetch(this.#url ?? '', {
      method: 'PATCH',
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Offset': String(this.#offset),
        'Content-Type': 'application/offset+octet-stream',
      },
      body: bytes,
      credentials: 'same-origin',
      signal,
    });
    if (!response.ok) {
      this.#piece = nextPieceBytes(this.#piece, PIECE_TARGET_MS * 2);
      await refuse(response);
    }
    if (bytes.byteLength === this.#piece) {
      this.#piece = nextPieceBytes(this.#piece, this.world.now() - started);
    }
    await this.#acknowledge(response);
  }

  async #acknowledge(response: Response): Promise<void> {
    const offset = Number(response.headers.get('Upload-Offset') ?? Number.NaN);
    if (!Number.isInteger(offset) || offset < 0 || offset > this.source.blob.size) {
      throw new TryAgain(null);
    }
    this.#offset = offset;
    await this.on.acknowledged(offset);
  }
}

/** Throw the bytes away on the server; failing to is no concern of the person's, they expire. */
export async function terminateUpload(url: string, world: Pick<TusWorld, 'fetch'>): Promise<void> {
  try {
    await world.fetch(url, {
      method: 'DELETE',
      headers: { 'Tus-Resumable': '1.0.0' },
      credentials: 'same-origin',
      keepalive: true,
    });
  } catch {
    // The upload expires by itself.
  }
}

/** The real world: this browser's line, clock and chance. */
export function browserWorld(): TusWorld {
  return {
    fetch: (input, init) => fetch(input, init),
    now: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const done = (): void => {
          clearTimeout(timer);
          removeEventListener('online', done);
          signal.removeEventListener('abort', stopped);
          resolve();
        };
        const stopped = (): void => {
          clearTimeout(timer);
          removeEventListener('online', done);
          reject(signal.reason as Error);
        };
        const timer = setTimeout(done, ms);
        addEventListener('online', done, { once: true });
        signal.addEventListener('abort', stopped, { once: true });
      }),
    online: () => navigator.onLine,
    untilOnline: (signal) =>
      new Promise((resolve, reject) => {
        addEventListener('online', () => resolve(), { once: true, signal });
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      }),
    jitter: () => (crypto.getRandomValues(new Uint8Array(1))[0] ?? 0) / 255,
  };
}
