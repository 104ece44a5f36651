/**
 * The uploads of this person on this device: started as soon as there are bytes, carried through
 * reloads and lost networks, published when the person has said so.
 *
 * What is shown is what is known: bytes the server acknowledged, then the stages it reports. The
 * manager is a Svelte store (`subscribe`), and everything it needs from outside comes in.
 */
import { ApiProblem } from '$lib/api/problem';
import type { Clip } from '$lib/api/types';

import type { Intent, UploadRecord, Work } from './drafts';
import type { WorkStore } from './drafts-store';
import {
  FileUnreadable,
  SignInNeeded,
  TusUpload,
  UploadRefused,
  terminateUpload,
  type Pause,
  type TusWorld,
} from './upload-tus';
import { clipRequest, type ClipsApi, type UploadView } from './upload-view';

/** Between looks at a clip in the works when the live stream is silent. */
const POLL_MS = 2500;
/** An overloaded realm is waited for; one that fails this often needs a person's decision. */
const MOST_FAULTS = 4;

interface Job {
  record: UploadRecord;
  view: UploadView;
  run: AbortController | null;
  heard: number;
}

export class UploadManager {
  readonly #jobs = new Map<string, Job>();
  readonly #blobs = new Map<string, Blob>();
  readonly #listeners = new Set<(views: UploadView[]) => void>();
  #unwatch: (() => void) | null = null;
  #views: UploadView[] = [];

  constructor(
    private readonly store: WorkStore,
    private readonly api: ClipsApi,
    private readonly world: TusWorld,
    private readonly flag: (any: boolean) => void,
  ) {}

  subscribe(listener: (views: UploadView[]) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#views);
    return () => this.#listeners.delete(listener);
  }

  /** Everything this person left unfinished here goes on by itself. */
  async resumeAll(person: string): Promise<void> {
    for (const record of await this.store.listUploads(person)) {
      if (this.#jobs.has(record.workId)) continue;
      if (record.finished) {
        await this.store.removeUpload(record.workId);
        continue;
      }
      this.#go(this.#adopt(record));
    }
    if (this.#jobs.size === 0) this.flag(false);
    this.#tell();
  }

  /** Stop everything, forget nothing: on sign-out. */
  stopAll(): void {
    for (const job of this.#jobs.values()) job.run?.abort();
    this.#jobs.clear();
    this.#blobs.clear();
    this.#unwatch?.();
    this.#unwatch = null;
    this.#tell();
  }

  /** Begin, or go on with, sending a work's bytes. `blob` where they are at hand. */
  async start(work: Work, blob: Blob | null): Promise<void> {
    if (blob) this.#blobs.set(work.id, blob);
    let job = this.#jobs.get(work.id);
    if (!job) {
      const record = (await this.store.findUpload(work.id)) ?? this.#newRecord(work, blob);
      job = this.#jobs.get(work.id) ?? this.#adopt(record);
      await this.store.putUpload(job.record);
      this.flag(true);
    }
    this.#go(job);
  }

  /** The bytes are others now (a take was added): the old ones are thrown away. */
  async replace(work: Work, blob: Blob): Promise<void> {
    const job = this.#jobs.get(work.id);
    job?.run?.abort();
    const url = job?.record.url ?? (await this.store.findUpload(work.id))?.url;
    if (url) void terminateUpload(url, this.world);
    this.#jobs.delete(work.id);
    await this.store.removeUpload(work.id);
    await this.start(work, blob);
  }

  /** Publish (or keep as a draft) as soon as the bytes are there. The work is read at that moment. */
  async submit(work: Work, intent: Exclude<Intent, 'none'>): Promise<void> {
    await this.store.put(work);
    const job = this.#jobs.get(work.id);
    if (!job) throw new Error('nothing was started for this work');
    job.record.intent = intent;
    job.record.submission += 1;
    job.record.caption = work.details.caption;
    job.record.thumbnail = work.thumbnail;
    await this.store.putUpload(job.record);
    this.#show(job, {
      intent,
      caption: work.details.caption,
      thumbnail: work.thumbnail,
      problem: null,
    });
    this.#go(job);
  }

  /** Take back "Publish" while the bytes are still on their way. @returns false when it is too late. */
  async reconsider(workId: string): Promise<boolean> {
    const job = this.#jobs.get(workId);
    if (!job || job.record.clipId || job.view.phase === 'publishing') return false;
    job.record.intent = 'none';
    await this.store.putUpload(job.record);
    this.#show(job, { intent: 'none' });
    return true;
  }

  async retry(workId: string): Promise<void> {
    const job = this.#jobs.get(workId);
    if (!job) return;
    if (job.record.clipId) {
      try {
        await this.api.retry(job.record.clipId);
        this.#show(job, { phase: 'processing', problem: null, stage: 'received', percent: 0 });
      } catch (error) {
        this.#fail(job, error);
        return;
      }
    } else {
      job.record.submission += 1;
      await this.store.putUpload(job.record);
      this.#show(job, { problem: null });
    }
    this.#go(job);
  }

  /** Stop the realm's work on it. Nothing is lost: it can be tried again, or thrown away. */
  async stop(workId: string): Promise<void> {
    const job = this.#jobs.get(workId);
    if (!job?.record.clipId || job.view.phase !== 'processing') return;
    await this.api.cancel(job.record.clipId);
    job.run?.abort();
    this.#show(job, { phase: 'failed', problem: { code: 'media.cancelled', detail: null } });
  }

  /** Throw it away: here, and on the server what has arrived. */
  async cancel(workId: string): Promise<void> {
    const job = this.#jobs.get(workId);
    const record = job?.record ?? (await this.store.findUpload(workId));
    job?.run?.abort();
    if (record?.clipId) await this.#remove(record.clipId);
    else if (record?.url) await terminateUpload(record.url, this.world);
    await this.#forget(workId);
    await this.store.remove(workId);
  }

  async #remove(clipId: string): Promise<void> {
    try {
      await this.api.remove(clipId);
    } catch (error) {
      if (!(error instanceof ApiProblem && error.gone)) throw error;
    }
  }

  /** Take a finished (or finally failed) one off the list. */
  async dismiss(workId: string): Promise<void> {
    this.#jobs.get(workId)?.run?.abort();
    await this.#forget(workId);
  }

  viewOf(workId: string): UploadView | null {
    return this.#jobs.get(workId)?.view ?? null;
  }

  #newRecord(work: Work, blob: Blob | null): UploadRecord {
    return {
      workId: work.id,
      person: work.person,
      name: work.file?.name ?? 'clip',
      type: work.file?.type ?? blob?.type ?? '',
      size: blob?.size ?? work.file?.size ?? 0,
      url: null,
      offset: 0,
      complete: false,
      intent: 'none',
      submission: 0,
      clipId: null,
      finished: false,
      caption: work.details.caption,
      thumbnail: work.thumbnail,
      createdAt: work.createdAt,
    };
  }

  #adopt(record: UploadRecord): Job {
    const known = this.#jobs.get(record.workId);
    if (known) return known;
    const view: UploadView = {
      workId: record.workId,
      caption: record.caption,
      thumbnail: record.thumbnail,
      phase: record.clipId ? 'processing' : record.complete ? 'sent' : 'waiting',
      sent: record.offset,
      size: record.size,
      retrySeconds: null,
      retryWhy: 'line',
      problem: null,
      intent: record.intent,
      clipId: record.clipId,
      stage: null,
      percent: null,
    };
    const job: Job = { record, view, run: null, heard: Number.NEGATIVE_INFINITY };
    this.#jobs.set(record.workId, job);
    return job;
  }

  #go(job: Job): void {
    if (job.run) return;
    const run = new AbortController();
    job.run = run;
    void this.#work(job, run.signal)
      .catch((error: unknown) => {
        if (!run.signal.aborted) this.#fail(job, error);
      })
      .finally(() => {
        if (job.run !== run) return;
        job.run = null;
        // "Publish" may have been pressed while the last piece was being acknowledged.
        const waiting = job.record.complete && job.record.intent !== 'none' && !job.record.clipId;
        if (waiting && job.view.phase === 'sent' && !run.signal.aborted) this.#go(job);
      });
  }

  async #work(job: Job, signal: AbortSignal): Promise<void> {
    if (!job.record.clipId) {
      if (!job.record.complete) await this.#send(job, signal);
      if (job.record.intent === 'none') return;
      await this.#publish(job, signal);
    }
    await this.#follow(job, signal);
  }

  async #send(job: Job, signal: AbortSignal): Promise<void> {
    const { record } = job;
    const blob = this.#blobs.get(record.workId) ?? (await this.store.findBlob(record.workId));
    if (!blob || blob.size !== record.size) throw new FileUnreadable();
    this.#show(job, { phase: 'sending', problem: null });
    const upload = new TusUpload(
      { blob, name: record.name, type: record.type },
      record.url,
      this.world,
      {
        created: async (url) => {
          record.url = url;
          await this.store.putUpload(record);
        },
        acknowledged: async (offset) => {
          record.offset = offset;
          this.#show(job, { sent: offset });
          await this.store.putUpload(record);
        },
        paused: (pause) => this.#pause(job, pause),
      },
    );
    await oneTabAtATime(record.workId, signal, async () => {
      record.url = await upload.run(signal);
    });
    record.complete = true;
    await this.store.putUpload(record);
    this.#show(job, { phase: 'sent', sent: record.size });
  }

  #pause(job: Job, pause: Pause | null): void {
    if (pause === null) this.#show(job, { phase: 'sending', retrySeconds: null });
    else if (pause.kind === 'offline') this.#show(job, { phase: 'offline', retrySeconds: null });
    else {
      const retrySeconds = Math.ceil(pause.waitMs / 1000);
      this.#show(job, { phase: 'retrying', retrySeconds, retryWhy: pause.why });
    }
  }

  async #publish(job: Job, signal: AbortSignal): Promise<void> {
    const { record } = job;
    this.#show(job, { phase: 'publishing', problem: null });
    for (let attempt = 1; ; attempt += 1) {
      const work = await this.store.get(record.workId);
      if (!work) throw new FileUnreadable();
      try {
        const clip = await this.api.create(
          clipRequest(work, record),
          `${record.workId}-${record.submission}`,
        );
        record.clipId = clip.id;
        await this.store.putUpload(record);
        await this.store.remove(record.workId);
        this.#blobs.delete(record.workId);
        this.#show(job, { clipId: clip.id, phase: 'processing', stage: 'received', percent: 0 });
        this.#settle(job, clip);
        return;
      } catch (error) {
        signal.throwIfAborted();
        const passing =
          error instanceof ApiProblem &&
          (error.offline || error.status === 429 || error.status >= 500);
        if (!passing || (error.status === 500 && attempt >= MOST_FAULTS)) throw error;
        if (!this.world.online()) {
          this.#show(job, { phase: 'offline' });
          await this.world.untilOnline(signal);
        } else {
          const waitMs = Math.min(1000 * 2 ** attempt, 30_000);
          const retryWhy = error.offline ? 'line' : 'realm';
          this.#show(job, { phase: 'retrying', retrySeconds: Math.ceil(waitMs / 1000), retryWhy });
          await this.world.sleep(waitMs, signal);
        }
        this.#show(job, { phase: 'publishing', retrySeconds: null });
      }
    }
  }

  /** Until the clip plays: listen, and look for oneself when nothing is heard. */
  async #follow(job: Job, signal: AbortSignal): Promise<void> {
    this.#listen();
    while (job.view.phase === 'processing' || job.view.phase === 'publishing') {
      const silent = this.world.now() - job.heard > POLL_MS * 2;
      if (silent && job.record.clipId) {
        try {
          this.#settle(job, await this.api.get(job.record.clipId));
        } catch (error) {
          if (error instanceof ApiProblem && error.gone) {
            await this.dismiss(job.record.workId);
            return;
          }
          if (error instanceof ApiProblem && error.signInRequired) throw error;
        }
        if (job.view.phase !== 'processing') return;
      }
      await this.world.sleep(POLL_MS, signal);
    }
  }

  #listen(): void {
    this.#unwatch ??= this.api.watch((progress) => {
      for (const job of this.#jobs.values()) {
        if (job.record.clipId !== progress.clip_id) continue;
        job.heard = this.world.now();
        if (progress.status === 'ready' || progress.status === 'draft') this.#finish(job);
        else if (progress.status === 'failed') {
          this.#show(job, {
            phase: 'failed',
            problem: progress.failure ?? { code: '', detail: null },
          });
        } else {
          this.#show(job, {
            phase: 'processing',
            stage: progress.stage,
            percent: progress.percent,
          });
        }
      }
    });
  }

  #settle(job: Job, clip: Clip): void {
    if (clip.status === 'ready' || clip.status === 'draft') this.#finish(job);
    else if (clip.status === 'failed') {
      this.#show(job, { phase: 'failed', problem: clip.failure ?? { code: '', detail: null } });
    }
  }

  #finish(job: Job): void {
    job.record.finished = true;
    void this.store.putUpload(job.record);
    this.#show(job, {
      phase: job.record.intent === 'draft' ? 'kept' : 'ready',
      stage: 'ready',
      percent: 100,
      problem: null,
    });
  }

  #fail(job: Job, error: unknown): void {
    if (error instanceof FileUnreadable) {
      this.#show(job, { phase: 'file_gone', problem: { code: 'device.file_gone', detail: null } });
    } else if (
      error instanceof SignInNeeded ||
      (error instanceof ApiProblem && error.signInRequired)
    ) {
      const problem = { code: 'accounts.sign_in_required', detail: null };
      this.#show(job, { phase: 'sign_in', problem });
    } else if (error instanceof UploadRefused) {
      this.#refused(job, error.code, error.detail);
    } else if (error instanceof ApiProblem) {
      this.#refused(job, error.code, error.message);
    } else {
      this.#refused(job, 'device.unexpected', error instanceof Error ? error.message : null);
    }
  }

  #refused(job: Job, code: string, detail: string | null): void {
    // The person decides again: nothing is published behind their back after a refusal.
    job.record.intent = 'none';
    if (['uploads.not_found', 'clips.original_gone'].includes(code)) {
      Object.assign(job.record, { url: null, offset: 0, complete: false });
    }
    void this.store.putUpload(job.record);
    this.#show(job, { phase: 'failed', intent: 'none', problem: { code, detail } });
  }

  async #forget(workId: string): Promise<void> {
    this.#jobs.delete(workId);
    this.#blobs.delete(workId);
    await this.store.removeUpload(workId);
    if (this.#jobs.size === 0) this.flag(false);
    this.#tell();
  }

  #show(job: Job, change: Partial<UploadView>): void {
    job.view = { ...job.view, ...change };
    this.#tell();
  }

  #tell(): void {
    this.#views = [...this.#jobs.values()]
      .sort((a, b) => b.record.createdAt - a.record.createdAt)
      .map((job) => job.view);
    for (const listener of this.#listeners) listener(this.#views);
  }
}

/** Two tabs must not send the same bytes at once: the second waits for the first. */
async function oneTabAtATime(
  workId: string,
  signal: AbortSignal,
  act: () => Promise<void>,
): Promise<void> {
  const locks = typeof navigator === 'undefined' ? undefined : navigator.locks;
  if (!locks) return await act();
  await locks.request(`reelm-upload-${workId}`, { signal }, act);
}
