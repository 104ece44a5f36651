/**
 * One piece of work on the desk: its record, its bytes, the steps taken, all saved as they happen.
 */
import type { Realm } from '$lib/api/types';

import { newWork, worthKeeping, type Details, type Intent, type Work } from './drafts';
import { NoRoom, workStore } from './drafts-store';
import { History, isPortrait, type EditState, type Frame } from './studio-edit';
import { SNIFF_BYTES, fingerprint, isTooLong, refuseByHead, type RefusalCode } from './studio-file';
import { uploadManager } from './upload-here';

const SAVE_AFTER_MS = 400;

/** A file that is refused before a byte of it is sent. */
export class FileRefused extends Error {
  constructor(readonly code: RefusalCode) {
    super(code);
    this.name = 'FileRefused';
  }
}

/** The file chosen again is not the one the work was made from. */
export class AnotherFile extends Error {}

type Limits = Realm['limits'];

async function examine(file: Blob, limits: Limits): Promise<NonNullable<Work['info']>> {
  const head = new Uint8Array(await file.slice(0, SNIFF_BYTES).arrayBuffer());
  const refusal = refuseByHead(file.size, head, limits);
  if (refusal) throw new FileRefused(refusal);
  const { probeFile } = await import('./studio-probe');
  const probe = await probeFile(file);
  if (probe.refusal) throw new FileRefused(probe.refusal);
  if (isTooLong(probe.info, limits)) throw new FileRefused('media.too_long');
  return probe.info;
}

export class Desk {
  work: Work = $state() as Work;
  /** The decisions as they stand; `work.edit` follows. */
  edit: EditState = $state.raw() as EditState;
  /** Where the bytes can be played from; null while takes are not joined, or the file is gone. */
  url = $state<string | null>(null);
  /** Whether this browser can show the file; null: not known yet. */
  shown = $state<boolean | null>(null);
  canUndo = $state(false);
  canRedo = $state(false);
  /** The device had no room for a copy: the tab must stay open. */
  fragile = $state(false);

  #blob: Blob | null = null;
  #history: History<EditState>;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #closed = false;

  private constructor(work: Work) {
    this.work = work;
    this.edit = work.edit;
    this.#history = new History(work.edit);
  }

  /** A new piece of work from a file; its upload starts at once. @throws FileRefused */
  static async fromFile(
    file: File,
    person: string,
    language: string,
    limits: Limits,
  ): Promise<Desk> {
    const info = await examine(file, limits);
    const work = newWork(crypto.randomUUID(), person, 'file', language, Date.now());
    const { name, type, size, lastModified } = file;
    work.file = { name, type, size, lastModified };
    work.info = info;
    const desk = new Desk(work);
    desk.#hold(file);
    await desk.saveNow();
    void (await uploadManager()).start(desk.plain(), file);
    void desk.#keepBytes(file);
    return desk;
  }

  static forFilming(person: string, language: string): Desk {
    return new Desk(newWork(crypto.randomUUID(), person, 'camera', language, Date.now()));
  }

  /** Work of an earlier visit, or null. Its upload goes on. */
  static async resume(id: string, person: string): Promise<Desk | null> {
    const store = await workStore();
    const work = await store.get(id);
    if (!work || work.person !== person) return null;
    const desk = new Desk(work);
    const blob = await store.findBlob(id);
    if (blob) desk.#hold(blob);
    if (work.file) void (await uploadManager()).start(work, blob);
    return desk;
  }

  get blob(): Blob | null {
    return this.#blob;
  }

  /** The displayed size, when known. */
  get frame(): Frame | null {
    const { info } = this.work;
    return info?.width && info.height ? { width: info.width, height: info.height } : null;
  }

  get durationMs(): number {
    return this.work.info?.durationMs ?? 0;
  }

  get portrait(): boolean {
    return this.frame !== null && isPortrait(this.frame);
  }

  /** One step of editing. Changes of one `gesture` are undone together. */
  change(next: EditState, gesture: string | null = null): void {
    this.#history.change(next, gesture);
    this.#follow();
  }

  settle(): void {
    this.#history.settle();
  }

  undo(): void {
    this.#history.undo();
    this.#follow();
  }

  redo(): void {
    this.#history.redo();
    this.#follow();
  }

  decide(change: Partial<Details>): void {
    this.work.details = { ...this.work.details, ...change };
    this.save();
  }

  update(change: Partial<Work>): void {
    Object.assign(this.work, change);
    this.save();
  }

  /** The player has learned what the container didn't say, or that it can't show this. */
  playerKnows(facts: { width: number; height: number; durationMs: number } | null): void {
    this.shown = facts !== null;
    const { info } = this.work;
    if (!facts || !info) return;
    const durationMs = info.durationMs ?? (facts.durationMs > 0 ? facts.durationMs : null);
    if (info.width && info.height && durationMs === info.durationMs) return;
    this.update({ info: { ...info, width: facts.width, height: facts.height, durationMs } });
  }

  /** Takes were joined: these are the bytes now. */
  async setFilmed(blob: Blob, durationMs: number, joinedFrom: string): Promise<void> {
    const { filmSize } = this.work;
    const type = blob.type;
    const name = `reelm-${this.work.id.slice(0, 8)}.${type.includes('webm') ? 'webm' : 'mp4'}`;
    this.#hold(blob);
    this.shown = null;
    // Other pictures: what was cut or chosen as a cover no longer fits, nor do the steps to it.
    this.#history = new History({ ...this.edit, trimStartMs: 0, trimEndMs: null, coverMs: null });
    this.#follow();
    this.update({
      joinedFrom,
      thumbnail: null,
      file: { name, type, size: blob.size, lastModified: Date.now() },
      info: {
        container: type.includes('webm') ? 'webm' : 'mp4',
        durationMs,
        width: filmSize?.width ?? null,
        height: filmSize?.height ?? null,
        hasAudio: true,
      },
    });
    await this.saveNow();
    void (await uploadManager()).replace(this.plain(), blob);
    await this.#keepBytes(blob);
  }

  /** The person chose the file again after this device lost it. @throws AnotherFile */
  async giveBack(file: File): Promise<void> {
    const { file: known } = this.work;
    if (!known || fingerprint(file) !== fingerprint(known)) throw new AnotherFile();
    this.#hold(file);
    void (await uploadManager()).start(this.plain(), file);
    await this.#keepBytes(file);
  }

  async submit(intent: Exclude<Intent, 'none'>): Promise<void> {
    await this.saveNow();
    await (await uploadManager()).submit(this.plain(), intent);
  }

  /** Throw the whole work away. */
  async discard(): Promise<void> {
    this.close();
    await (await uploadManager()).cancel(this.work.id);
  }

  save(): void {
    if (this.#closed) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.saveNow(), SAVE_AFTER_MS);
  }

  async saveNow(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#closed || !worthKeeping(this.work)) return;
    this.work.updatedAt = Date.now();
    await (await workStore()).put(this.plain());
  }

  /** The record without the screen's proxies. */
  plain(): Work {
    return $state.snapshot(this.work);
  }

  /** Leave the desk; the work stays where it is kept. */
  close(): void {
    if (this.#timer) void this.saveNow();
    this.#closed = true;
    if (this.url) URL.revokeObjectURL(this.url);
    this.url = null;
  }

  #hold(blob: Blob): void {
    if (this.url) URL.revokeObjectURL(this.url);
    this.#blob = blob;
    this.url = URL.createObjectURL(blob);
  }

  async #keepBytes(blob: Blob): Promise<void> {
    try {
      await (await workStore()).putBlob(this.work.id, blob);
      this.fragile = false;
      this.update({ kept: true });
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error;
      this.fragile = true;
      this.update({ kept: false });
    }
  }

  #follow(): void {
    this.edit = this.#history.now;
    this.work.edit = this.edit;
    this.canUndo = this.#history.canUndo;
    this.canRedo = this.#history.canRedo;
    this.save();
  }
}
