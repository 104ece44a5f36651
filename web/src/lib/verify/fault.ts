/** Why something was not accepted. `what` decides which words a person reads; `message` is for those who look closer. */
export type FaultKind =
  /** It is not written as the format demands. */
  | 'format'
  /** A signature by a known key does not fit, or the one that must be there is missing. */
  | 'signature'
  /** It is of another log. */
  | 'log'
  /** Hashes do not lead to where they must. */
  | 'proof'
  /** Fewer witnesses than the policy asks for. */
  | 'quorum'
  /** The opening of a receipt does not fit the entry. */
  | 'receipt'
  /** A file of the ledger could not be fetched. */
  | 'missing'
  /** This browser can't check this kind of signature. */
  | 'browser';

export class Fault extends Error {
  readonly what: FaultKind;

  constructor(what: FaultKind, message: string) {
    super(message);
    this.name = 'Fault';
    this.what = what;
  }
}
