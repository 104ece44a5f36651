/** What a person may do with everything about them: see it, take it, bring it, erase it. */
import { ask, client } from '$lib/api/client';
import { asProblem } from '$lib/api/problem';
import type {
  DataRow,
  Page,
  ErasureAnswer,
  ErasureProof,
  ExportJob,
  ImportJob,
  KeptData,
} from '$lib/api/types';

import { getMe } from './account';

export function getKept(): Promise<KeptData> {
  return ask(client.GET('/api/v1/me/data'));
}

export function listRows(table: string, cursor: string | null): Promise<Page<DataRow>> {
  return ask(
    client.GET('/api/v1/me/data/{table}', { params: { path: { table }, query: { cursor, limit: 20 } } }),
  );
}

export function startExport(): Promise<ExportJob> {
  return ask(client.POST('/api/v1/me/exports'));
}

export async function listExports(): Promise<ExportJob[]> {
  return (await ask(client.GET('/api/v1/me/exports'))).items;
}

/** Stops a copy that is being made, or removes a finished one from the realm. */
export async function removeExport(id: string): Promise<void> {
  await ask<unknown>(client.DELETE('/api/v1/me/exports/{export_id}', { params: { path: { export_id: id } } }));
}

/** Where the archive is fetched; a plain link, so that the browser streams it to the device. */
export function archivePath(id: string): string {
  return `/api/v1/me/exports/${id}/archive`;
}

export function startImport(uploadId: string): Promise<ImportJob> {
  return ask(client.POST('/api/v1/me/imports', { body: { upload_id: uploadId } }));
}

export async function listImports(): Promise<ImportJob[]> {
  return (await ask(client.GET('/api/v1/me/imports'))).items;
}

export async function cancelImport(id: string): Promise<void> {
  await ask<unknown>(client.DELETE('/api/v1/me/imports/{import_id}', { params: { path: { import_id: id } } }));
}

/** Erases the person who is signed in. There is no way back. */
export function eraseEverything(proof: ErasureProof): Promise<ErasureAnswer> {
  return ask(client.POST('/api/v1/me/erasure', { body: proof }));
}

const LOOK_MS = 600;
const PATIENCE_MS = 60_000;

/**
 * Waits until the erased person's session is gone, which it is once their keys are destroyed; false
 * if that takes longer than anybody should watch. The rest follows by itself.
 */
export async function untilGone(): Promise<boolean> {
  const end = Date.now() + PATIENCE_MS;
  while (Date.now() < end) {
    try {
      await getMe();
    } catch (cause) {
      if (asProblem(cause).signInRequired) return true;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return false;
}

/** Whether something is still being done for the person. */
export function underWay(job: Pick<ExportJob | ImportJob, 'state'>): boolean {
  return job.state === 'waiting' || job.state === 'running';
}
