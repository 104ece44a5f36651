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
  /** The clips that were shown are not those that a page's promise is for. */
  | 'served'
  /** A page's promise is not the realm's, or promises less than it must. */
  | 'promise'
  /** A page is not in the batch it should be in. */
  | 'batch'
  /** This is not the model, or no model that can be computed exactly. */
  | 'model'
  /** This is not the policy, or no policy that is known. */
  | 'policy'
  /** A boost or demotion is not in the declared list, or one that is there was left out. */
  | 'map'
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
