/** Follows the commits of others, and refuses those that honest devices don't make. */
import { emptyPskIndex, processMessage, type ClientConfig, type KeyPackage, type Proposal } from 'ts-mls';

import { Fault } from '$lib/verify/fault';

import { decode, leavesOf, readCredential, suite, type Leaf, type State } from './mls';

export interface Followed {
  state: State;
  /** People who are in it now and were not before, and the other way round. */
  joined: string[];
  left: string[];
  /** This device is out. */
  removed: boolean;
}

/** A commit that honest devices don't make: followed by nobody. */
export class Refused extends Error {
  override name = 'Refused';
}

interface Rules {
  /** People who may come back from outside; those who are in it may in any case. */
  known: readonly string[];
  /** Most people in it: two in a pair. */
  most: number;
  /** Whether nothing can be known of a person's key, since they hide from this one. */
  hidden(person: string): Promise<boolean>;
}

/**
 * Follows a commit of another device.
 * @throws Refused when a leaf comes in that is not certified, or in a way that isn't one
 */
export async function follow(state: State, bytes: Uint8Array, rules: Rules): Promise<Followed> {
  const message = decode(bytes);
  if (message.wireformat !== 'mls_private_message' && message.wireformat !== 'mls_public_message') {
    throw new Fault('format', 'not a commit');
  }
  const before = leavesOf(state);
  const { clientConfig } = state;
  let stranger = false;
  const fromOutside = message.wireformat === 'mls_public_message';
  const judge: ClientConfig['authService'] = {
    async validateCredential(credential, key) {
      const certified = await clientConfig.authService.validateCredential(credential, key);
      // A member who brings in somebody that hides from this person has judged them; from outside nobody has.
      const vouched = !fromOutside && !certified && (await rules.hidden(readCredential(credential, key).person));
      const fine = certified || vouched;
      stranger ||= !fine;
      return fine;
    },
  };
  const seen: { outside: boolean; proposals: Proposal[] }[] = [];
  const outcome = await processMessage(
    message,
    { ...state, clientConfig: { ...clientConfig, authService: judge } },
    emptyPskIndex,
    (incoming) => {
      if (incoming.kind !== 'commit') return 'reject';
      const proposals = incoming.proposals.map((one) => one.proposal);
      seen.push({ outside: incoming.senderLeafIndex === undefined, proposals });
      return 'accept';
    },
    await suite(),
  ).catch((cause: unknown) => {
    throw stranger ? new Refused('a device without a certificate') : cause;
  });
  const [commit] = seen;
  if (outcome.kind !== 'newState' || !commit) throw new Fault('format', 'not a commit');
  const after = leavesOf(outcome.newState);
  check(before, after, commit, rules);
  const people = (leaves: Leaf[]) => [...new Set(leaves.map((leaf) => leaf.person))];
  const [was, is] = [people(before), people(after)];
  return {
    state: { ...outcome.newState, clientConfig },
    joined: is.filter((one) => !was.includes(one)),
    left: was.filter((one) => !is.includes(one)),
    removed: outcome.newState.groupActiveState.kind === 'removedFromGroup',
  };
}

function check(
  before: readonly Leaf[],
  after: readonly Leaf[],
  commit: { outside: boolean; proposals: readonly Proposal[] },
  rules: Rules,
): void {
  const named = (leaf: Omit<Leaf, 'index'>) => `${leaf.person}/${leaf.device}`;
  const were = new Map(before.map((leaf) => [leaf.index, leaf]));
  const gone = new Set<number>();
  const added: string[] = [];
  for (const one of commit.proposals) {
    if (one.proposalType === 'remove') gone.add((one as { remove: { removed: number } }).remove.removed);
    if (one.proposalType === 'add') {
      const { leafNode } = (one as { add: { keyPackage: KeyPackage } }).add.keyPackage;
      added.push(named(readCredential(leafNode.credential, leafNode.signaturePublicKey)));
    }
  }
  const fresh = after.filter((leaf) => {
    const was = were.get(leaf.index);
    return !was || gone.has(leaf.index) || named(was) !== named(leaf);
  });
  if (new Set(after.map((leaf) => leaf.person)).size > rules.most) throw new Refused('more people than it is for');
  if (!commit.outside) {
    if (fresh.some((leaf) => !added.includes(named(leaf)))) throw new Refused('a device that nobody added');
    return;
  }
  const [comer, ...more] = fresh;
  if (!comer || more.length > 0) throw new Refused('not one device from outside');
  if (!before.some((leaf) => leaf.person === comer.person) && !rules.known.includes(comer.person)) {
    throw new Refused('somebody from outside who was never in it');
  }
  for (const index of gone) {
    if (were.get(index)?.person !== comer.person) throw new Refused('a device from outside removes another person');
  }
}
