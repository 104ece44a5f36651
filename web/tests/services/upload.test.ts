import { describe, expect, it, vi } from 'vitest';

import { ApiProblem } from '$lib/api/problem';
import type { Clip, ClipProgress } from '$lib/api/types';
import { newWork, type Work } from '$lib/services/drafts';
import { LocalMemoryStore } from '$lib/services/drafts-store';
import { UploadManager } from '$lib/services/upload';
import {
  clipRequest,
  overallProgress,
  type ClipRequest,
  type ClipsApi,
} from '$lib/services/upload-view';
import type { TusWorld } from '$lib/services/upload-tus';

const problem = (code: string, status: number) =>
  new ApiProblem({ type: '', title: '', detail: '', status, code });

/** A realm in memory: tus on one side, clips on the other. */
class Realm {
  received = new Map<string, number>();
  created: { request: ClipRequest; key: string }[] = [];
  clip: Partial<Clip> = { id: 'c1', status: 'processing', failure: null };
  refuse: ApiProblem[] = [];
  cancelled: string[] = [];
  removed: string[] = [];
  retried: string[] = [];
  deleted: string[] = [];
  tell: (progress: ClipProgress) => void = () => undefined;
  refuseCreation: Response | null = null;

  api: ClipsApi = {
    create: async (request, key) => {
      const refusal = this.refuse.shift();
      if (refusal) throw refusal;
      this.created.push({ request, key });
      return this.clip as Clip;
    },
    get: async () => this.clip as Clip,
    retry: async (id) => void this.retried.push(id),
    cancel: async (id) => void this.cancelled.push(id),
    remove: async (id) => {
      if (this.removed.push(id) > 1) throw problem('clips.not_found', 404);
    },
    watch: (listener) => {
      this.tell = listener;
      return () => undefined;
    },
  };

  world: TusWorld = {
    fetch: async (input, init = {}) => {
      const url = String(input);
      if (init.method === 'POST') {
        if (this.refuseCreation) return this.refuseCreation;
        const made = `/api/v1/uploads/u${this.received.size + 1}`;
        this.received.set(made, 0);
        return new Response(null, { status: 201, headers: { Location: made } });
      }
      if (init.method === 'DELETE') {
        this.deleted.push(url);
        return new Response(null, { status: 204 });
      }
      let offset = this.received.get(url) ?? 0;
      if (init.method === 'PATCH') offset += (init.body as ArrayBuffer).byteLength;
      this.received.set(url, offset);
      return new Response(null, { status: 200, headers: { 'Upload-Offset': String(offset) } });
    },
    // A clock fast enough that the stream counts as silent at once.
    now: () => performance.now() * 10_000,
    sleep: (_ms, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
        setTimeout(resolve, 0);
      }),
    online: () => true,
    untilOnline: async () => undefined,
    jitter: () => 0,
  };
}

function studio() {
  const realm = new Realm();
  const store = new LocalMemoryStore();
  const flags: boolean[] = [];
  const manager = new UploadManager(store, realm.api, realm.world, (any) => flags.push(any));
  const work: Work = {
    ...newWork('w1', 'p1', 'file', 'en', 1),
    file: { name: 'a.mp4', type: 'video/mp4', size: 9, lastModified: 1 },
  };
  const phase = () => manager.viewOf('w1')?.phase;
  const reach = (wanted: string) => vi.waitFor(() => expect(phase()).toBe(wanted));
  return { realm, store, manager, work, phase, reach, flags };
}

const blob = new Blob(['123456789']);

describe('an upload', () => {
  it('is sent at once, published when asked, and ready when the realm says so', async () => {
    const { realm, store, manager, work, reach, flags } = studio();
    await manager.start(work, blob);
    await reach('sent');
    expect(realm.created).toEqual([]);
    work.details.caption = 'Hello #sun';
    await manager.submit(work, 'publish');
    await reach('processing');
    expect(realm.created[0]).toMatchObject({
      key: 'w1-1',
      request: { upload_id: 'u1', caption: 'Hello #sun', draft: false },
    });
    realm.tell({
      clip_id: 'c1',
      status: 'processing',
      stage: 'encoding',
      percent: 40,
      failure: null,
    });
    expect(manager.viewOf('w1')).toMatchObject({ stage: 'encoding', percent: 40 });
    realm.tell({ clip_id: 'c1', status: 'ready', stage: 'ready', percent: 100, failure: null });
    await reach('ready');
    expect(await store.get('w1')).toBeNull();
    await manager.dismiss('w1');
    expect(await store.listUploads('p1')).toEqual([]);
    expect(flags).toEqual([true, false]);
  });

  it('is published by itself when "Publish" came before the last byte', async () => {
    const { realm, manager, work, reach } = studio();
    await manager.start(work, blob);
    await manager.submit(work, 'draft');
    realm.clip.status = 'draft';
    await reach('kept');
    expect(realm.created).toHaveLength(1);
    expect(realm.created[0]?.request.draft).toBe(true);
  });

  it('learns of the end by looking when the live stream is silent', async () => {
    const { realm, manager, work, reach } = studio();
    await manager.start(work, blob);
    await manager.submit(work, 'publish');
    await reach('processing');
    realm.clip.status = 'ready';
    await reach('ready');
  });

  it('survives a reload: another manager goes on with the same upload', async () => {
    const { realm, store, manager, work, reach } = studio();
    await store.put(work);
    await store.putBlob('w1', blob);
    await manager.start(work, blob);
    await reach('sent');
    manager.stopAll();
    const next = new UploadManager(store, realm.api, realm.world, () => undefined);
    await next.resumeAll('p2');
    expect(next.viewOf('w1')).toBeNull();
    await next.resumeAll('p1');
    await next.submit(work, 'publish');
    await vi.waitFor(() => expect(next.viewOf('w1')?.clipId).toBe('c1'));
    expect(realm.received.size).toBe(1);
    expect(realm.created[0]?.request.upload_id).toBe('u1');
    next.stopAll();
  });

  it('is forgotten by the next visit once it is done', async () => {
    const { realm, store, manager, work, reach } = studio();
    await manager.start(work, blob);
    await manager.submit(work, 'publish');
    await reach('processing');
    realm.clip.status = 'ready';
    await reach('ready');
    const flags: boolean[] = [];
    const next = new UploadManager(store, realm.api, realm.world, (any) => flags.push(any));
    await next.resumeAll('p1');
    expect(next.viewOf('w1')).toBeNull();
    expect(await store.listUploads('p1')).toEqual([]);
    expect(flags).toEqual([false]);
  });

  it('asks for the file when this device no longer has it', async () => {
    const { store, manager, work, reach } = studio();
    await store.put(work);
    await manager.start(work, null);
    await reach('file_gone');
    await manager.start(work, blob);
    await reach('sent');
  });
});

describe('a refusal', () => {
  it('is shown, publishes nothing behind one’s back, and can be tried again', async () => {
    const { realm, manager, work, reach } = studio();
    realm.refuse = [problem('clips.caption_too_long', 422)];
    await manager.start(work, blob);
    await manager.submit(work, 'publish');
    await reach('failed');
    expect(manager.viewOf('w1')).toMatchObject({
      intent: 'none',
      problem: { code: 'clips.caption_too_long' },
    });
    await manager.submit(work, 'publish');
    await reach('processing');
    expect(realm.created[0]?.key).toBe('w1-2');
    manager.stopAll();
  });

  it('that passes is waited out with the same key', async () => {
    const { realm, manager, work, reach } = studio();
    realm.refuse = [problem('kit.overloaded', 503), problem('client.offline', 0)];
    await manager.start(work, blob);
    await manager.submit(work, 'publish');
    await reach('processing');
    expect(realm.created.map((one) => one.key)).toEqual(['w1-1']);
    manager.stopAll();
  });

  it('that does not pass ends in a question to the person, not in endless tries', async () => {
    const { realm, manager, work, reach } = studio();
    realm.refuse = Array.from({ length: 9 }, () => problem('kit.fault', 500));
    await manager.start(work, blob);
    await manager.submit(work, 'publish');
    await reach('failed');
    expect(realm.refuse).toHaveLength(5);
    expect(manager.viewOf('w1')).toMatchObject({ intent: 'none', problem: { code: 'kit.fault' } });
  });

  it('before the bytes says why', async () => {
    const { realm, manager, work, reach } = studio();
    realm.refuseCreation = new Response('{"code":"uploads.too_large"}', { status: 413 });
    await manager.start(work, blob);
    await reach('failed');
    expect(manager.viewOf('w1')?.problem?.code).toBe('uploads.too_large');
  });

  it('of the film itself comes with the realm’s reason and its own retry', async () => {
    const { realm, manager, work, reach } = studio();
    await manager.start(work, blob);
    await manager.submit(work, 'publish');
    await reach('processing');
    const failure = { code: 'media.truncated', detail: 'cut off' };
    realm.tell({ clip_id: 'c1', status: 'failed', stage: 'failed', percent: 0, failure });
    await reach('failed');
    await manager.retry('w1');
    expect(realm.retried).toEqual(['c1']);
    manager.stopAll();
  });
});

it('cancelling leaves nothing here nor there', async () => {
  const { realm, store, manager, work, reach } = studio();
  await store.put(work);
  await manager.start(work, blob);
  await reach('sent');
  await manager.cancel('w1');
  expect(realm.deleted).toEqual(['/api/v1/uploads/u1']);
  expect(await store.get('w1')).toBeNull();
  expect(manager.viewOf('w1')).toBeNull();
});

it('a clip in the works can be stopped, tried again, and thrown away', async () => {
  const { realm, manager, work, reach } = studio();
  await manager.start(work, blob);
  await manager.submit(work, 'publish');
  await reach('processing');
  await manager.stop('w1');
  expect(realm.cancelled).toEqual(['c1']);
  expect(manager.viewOf('w1')).toMatchObject({
    phase: 'failed',
    problem: { code: 'media.cancelled' },
  });
  await manager.retry('w1');
  expect(realm.retried).toEqual(['c1']);
  await manager.cancel('w1');
  expect(realm.removed).toEqual(['c1']);
  expect(manager.viewOf('w1')).toBeNull();
});

it('other takes are another upload', async () => {
  const { realm, manager, work, reach } = studio();
  await manager.start(work, blob);
  await reach('sent');
  await manager.replace(work, new Blob(['12345']));
  await reach('sent');
  expect(realm.deleted).toEqual(['/api/v1/uploads/u1']);
  expect(manager.viewOf('w1')).toMatchObject({ size: 5, sent: 5 });
});

it('progress is bytes acknowledged, then what the realm reports, never a guess', () => {
  const view = {
    workId: '',
    caption: '',
    thumbnail: null,
    sent: 25,
    size: 100,
    retrySeconds: null,
    retryWhy: 'line' as const,
    problem: null,
    intent: 'none' as const,
    clipId: null,
    stage: null,
    percent: null,
  };
  expect(overallProgress({ ...view, phase: 'offline' })).toBe(0.25);
  expect(overallProgress({ ...view, phase: 'publishing' })).toBeNull();
  expect(overallProgress({ ...view, phase: 'processing' })).toBeNull();
  expect(overallProgress({ ...view, phase: 'processing', percent: 40 })).toBe(0.4);
});

it('the request holds what was decided and nothing else', () => {
  const work: Work = { ...newWork('w1', 'p1', 'file', 'fr', 1) };
  work.details.publishAt = '2026-12-01T10:00:00Z';
  const request = clipRequest(work, { url: '/api/v1/uploads/abc/', intent: 'publish' });
  expect(request).toEqual({
    upload_id: 'abc',
    caption: '',
    visibility: 'everyone',
    permissions: { comments: true, download: true, sound_reuse: true },
    labels: { ai: false, paid: false },
    language: 'fr',
    draft: false,
    publish_at: '2026-12-01T10:00:00Z',
  });
  expect(clipRequest(work, { url: null, intent: 'draft' })).not.toHaveProperty('publish_at');
});
