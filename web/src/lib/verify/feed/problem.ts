import { Fault } from '../fault';

/** Something that does not add up: a code of the auditor's catalogue, and the particulars in a sentence. */
export interface Problem {
  readonly code: string;
  readonly detail: string;
}

/** Problems that end a check, as a fault does. */
export class Objection extends Fault {
  constructor(readonly problems: readonly Problem[]) {
    super('receipt', problems.map((one) => `${one.code}: ${one.detail}`).join(' '));
    this.name = 'Objection';
  }
}
