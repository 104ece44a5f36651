/** What this device remembers of the ledger, so that it notices a rewriting by itself. It is never sent anywhere. */

export interface Memory {
  origin: string;
  vkey: string;
  policy: string;
  /** Whether key and policy were given by the person, or taken as the realm first showed them. */
  given: boolean;
  /** When the key was first seen or given. */
  since: string;
  /** The last checkpoint that was checked: null when only a key was given so far. */
  seen: { at: string; size: number; root: string; note: string } | null;
}

const STORED = 'reelm.ledger';

function isMemory(found: unknown): found is Memory {
  if (typeof found !== 'object' || found === null) return false;
  const { origin, vkey, policy, since } = found as Partial<Memory>;
  return [origin, vkey, policy, since].every((one) => typeof one === 'string');
}

export function recallLedger(): Memory | null {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(STORED) ?? 'null');
    return isMemory(found) ? found : null;
  } catch {
    return null;
  }
}

/** False where the browser keeps nothing. */
export function rememberLedger(memory: Memory): boolean {
  try {
    localStorage.setItem(STORED, JSON.stringify(memory));
    return true;
  } catch {
    return false;
  }
}

export function forgetLedger(): void {
  localStorage.removeItem(STORED);
}
