/** What a failed check was shown, as one file that somebody else can look into. */
import type { Step } from './ledger-check';
import type { LedgerFiles } from './ledger-files';
import type { Memory } from './ledger-memory';

const FORMAT = 'reelm-check-evidence/v1';

export function evidenceOf(
  steps: readonly Step[],
  files: Pick<LedgerFiles, 'kept'>,
  memory: Memory | null,
  at: string,
): string {
  const told = steps.map(({ name, outcome, said, detail }) => ({ name, outcome, said, detail }));
  return JSON.stringify({ format: FORMAT, at, steps: told, remembered: memory, files: files.kept }, null, 2);
}

export function saveEvidence(steps: readonly Step[], files: LedgerFiles, memory: Memory | null): void {
  const at = new Date().toISOString();
  const address = URL.createObjectURL(
    new Blob([evidenceOf(steps, files, memory, at)], { type: 'application/json' }),
  );
  const link = document.createElement('a');
  link.href = address;
  link.download = `ledger-evidence-${at.slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
