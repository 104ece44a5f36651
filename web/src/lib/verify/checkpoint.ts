/** C2SP checkpoints: a log's name, size and root as the text of a note that the log has signed. */
import { decimal, equal, fromBase64, isName } from './bytes';
import { Fault } from './fault';
import { emptyRoot, HASH_BYTES, type Hash } from './merkle';
import { openNote, sameKey, type NoteKey, type OpenedNote } from './note';

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

export interface OpenedCheckpoint extends Checkpoint {
  readonly note: OpenedNote;
}

export async function parseCheckpoint(text: string): Promise<Checkpoint> {
  const lines = text.split('\n');
  const [origin = '', size = '', root = '', end] = lines;
  if (lines.length !== 4 || end !== '') throw new Fault('format', 'a checkpoint has three lines');
  if (!isName(origin)) throw new Fault('format', 'an origin is the name of a key');
  const found = { origin, size: decimal(size), root: fromBase64(root, HASH_BYTES) };
  if (found.size === 0 && !equal(found.root, await emptyRoot())) {
    throw new Fault('format', 'an empty log has one root only');
  }
  return found;
}

/** Verifies that `log` signed this checkpoint of its own; `others` are verified where they signed. */
export async function openCheckpoint(
  data: Uint8Array,
  log: NoteKey,
  others: readonly NoteKey[] = [],
): Promise<OpenedCheckpoint> {
  const note = await openNote(data, [log, ...others]);
  if (!note.signed.some((one) => sameKey(one.key, log))) {
    throw new Fault('signature', 'the log itself has not signed this checkpoint');
  }
  const checkpoint = await parseCheckpoint(note.text);
  if (checkpoint.origin !== log.name) throw new Fault('log', 'the checkpoint is of another log');
  return { ...checkpoint, note };
}
