/** What is known of an upload, and what the realm is told and asked about it. */
import type { Clip, ClipProgress, ClipStage } from '$lib/api/types';

import type { Intent, UploadRecord, Work } from './drafts';
import { editForServer, type ServerEdit } from './studio-edit';
import { worthRetrying } from './studio-problems';
import { uploadId, type RetryReason } from './upload-tus';

export type Phase =
  | 'waiting'
  | 'sending'
  | 'offline'
  | 'retrying'
  | 'sign_in'
  | 'file_gone'
  | 'sent'
  | 'publishing'
  | 'processing'
  | 'ready'
  | 'kept'
  | 'failed';

export interface UploadView {
  workId: string;
  caption: string;
  thumbnail: string | null;
  phase: Phase;
  sent: number;
  size: number;
  /** Seconds until the next try, while `retrying`. */
  retrySeconds: number | null;
  retryWhy: RetryReason;
  problem: { code: string; detail: string | null } | null;
  intent: Intent;
  clipId: string | null;
  stage: ClipStage | null;
  percent: number | null;
}

export interface ClipRequest {
  upload_id: string;
  caption: string;
  visibility: Work['details']['visibility'];
  permissions: Work['details']['permissions'];
  labels: Work['details']['labels'];
  language?: string;
  sound_id?: string;
  draft: boolean;
  publish_at?: string;
  edit?: ServerEdit;
}

export interface ClipsApi {
  create(request: ClipRequest, idempotencyKey: string): Promise<Clip>;
  get(clipId: string): Promise<Clip>;
  retry(clipId: string): Promise<void>;
  /** Stop preparing it; it can be tried again. */
  cancel(clipId: string): Promise<void>;
  remove(clipId: string): Promise<void>;
  /** Live progress of this person's clips. @returns how to stop listening. */
  watch(listener: (progress: ClipProgress) => void): () => void;
}

/** What `POST /api/v1/clips` is told about a piece of work. */
export function clipRequest(work: Work, record: Pick<UploadRecord, 'url' | 'intent'>): ClipRequest {
  const { details, info } = work;
  const frame = info?.width && info.height ? { width: info.width, height: info.height } : null;
  const edit = editForServer(work.edit, {
    frame,
    durationMs: info?.durationMs ?? null,
    withSound: work.sound !== null,
  });
  return {
    upload_id: uploadId(record.url ?? ''),
    caption: details.caption.trim(),
    visibility: details.visibility,
    permissions: { ...details.permissions },
    labels: { ...details.labels },
    ...(details.language ? { language: details.language } : {}),
    ...(work.sound ? { sound_id: work.sound.id } : {}),
    draft: record.intent === 'draft',
    ...(details.publishAt && record.intent === 'publish' ? { publish_at: details.publishAt } : {}),
    ...(edit ? { edit } : {}),
  };
}

/** 0 to 1 over everything that is acknowledged and reported; null when nothing is known yet. */
export function overallProgress(view: UploadView): number | null {
  switch (view.phase) {
    case 'ready':
    case 'kept':
      return 1;
    case 'processing':
      return view.percent === null ? null : view.percent / 100;
    case 'publishing':
      return null;
    default:
      return view.size > 0 ? view.sent / view.size : null;
  }
}

export function mayRetry(view: UploadView): boolean {
  return view.problem !== null && worthRetrying(view.problem.code);
}
