/** Bringing an archive into this realm: sent in pieces, remembered on this device until it is there. */
import { asProblem, type ApiProblem } from '$lib/api/problem';

import { startImport } from './rights';
import {
  browserWorld,
  FileUnreadable,
  SignInNeeded,
  terminateUpload,
  TusUpload,
  uploadId,
  UploadRefused,
  type Pause,
} from './upload-tus';
import { ApiProblem as Problem } from '$lib/api/problem';

const KEPT = 'reelm.import';

interface Begun {
  url: string;
  name: string;
  size: number;
  changed: number;
  person: string;
}

function readBegun(person: string): Begun | null {
  try {
    const begun = JSON.parse(localStorage.getItem(KEPT) ?? 'null') as Begun | null;
    return begun?.person === person ? begun : null;
  } catch {
    return null;
  }
}

function keepBegun(begun: Begun | null): void {
  try {
    if (begun) localStorage.setItem(KEPT, JSON.stringify(begun));
    else localStorage.removeItem(KEPT);
  } catch {
    // Without it a closed page only means to begin again.
  }
}

function problemFrom(cause: unknown): ApiProblem {
  if (cause instanceof UploadRefused) {
    return new Problem({ type: 'about:blank', title: '', detail: cause.detail ?? '', status: cause.status, code: cause.code });
  }
  if (cause instanceof SignInNeeded) {
    return new Problem({ type: 'about:blank', title: '', detail: '', status: 401, code: 'accounts.sign_in_required' });
  }
  if (cause instanceof FileUnreadable) {
    return new Problem({ type: 'about:blank', title: '', detail: '', status: 0, code: 'client.file_gone' });
  }
  return asProblem(cause);
}

/** One archive on its way. */
export class Bringing {
  sending = $state(false);
  sent = $state(0);
  size = $state(0);
  name = $state('');
  pause = $state.raw<Pause | null>(null);
  problem = $state.raw<ApiProblem | null>(null);
  #run: AbortController | null = null;
  #url: string | null = null;

  constructor(private readonly person: string) {}

  /** What was begun on an earlier visit and waits for the same file. */
  get begun(): { name: string; size: number } | null {
    return readBegun(this.person);
  }

  /** Sends the file and hands it to the realm; true when the realm has taken it. */
  async send(file: File): Promise<boolean> {
    const begun = readBegun(this.person);
    const same = begun?.name === file.name && begun.size === file.size && begun.changed === file.lastModified;
    this.#run = new AbortController();
    this.sending = true;
    this.sent = 0;
    this.problem = null;
    [this.size, this.name, this.#url] = [file.size, file.name, same ? begun.url : null];
    const upload = new TusUpload(
      { blob: file, name: file.name, type: 'application/zip', purpose: 'import' },
      this.#url,
      browserWorld(),
      {
        created: (url) => {
          this.#url = url;
          keepBegun({ url, name: file.name, size: file.size, changed: file.lastModified, person: this.person });
          return Promise.resolve();
        },
        acknowledged: (offset) => {
          this.sent = offset;
        },
        paused: (pause) => {
          this.pause = pause;
        },
      },
    );
    try {
      await startImport(uploadId(await upload.run(this.#run.signal)));
      keepBegun(null);
      return true;
    } catch (cause) {
      if (!this.#run.signal.aborted) this.problem = problemFrom(cause);
      return false;
    } finally {
      this.sending = false;
      this.pause = null;
    }
  }

  /** Stops, and throws away what is already there. */
  cancel(): void {
    this.#run?.abort();
    keepBegun(null);
    if (this.#url) void terminateUpload(this.#url, browserWorld());
    this.#url = null;
  }

  /** The page is left: what is there stays, the same file carries on. */
  leave(): void {
    this.#run?.abort();
  }
}
