/** A crossing in plain words: what was told to another realm, and what became of it. Pure. */
import type { ConsentGiven, Crossing } from '$lib/api/realms';

export type CrossingKind =
  | 'follow'
  | 'like'
  | 'repost'
  | 'comment'
  | 'clip'
  | 'clip_changed'
  | 'profile'
  | 'removed'
  | 'undo'
  | 'accept'
  | 'reject'
  | 'move'
  | 'report'
  | 'other';

const BY_ACT: Record<string, CrossingKind> = {
  Follow: 'follow',
  Like: 'like',
  Announce: 'repost',
  Delete: 'removed',
  Undo: 'undo',
  Accept: 'accept',
  Reject: 'reject',
  Move: 'move',
  Flag: 'report',
};

export function kindOfCrossing({ act, object_type: type }: Pick<Crossing, 'act' | 'object_type'>): CrossingKind {
  if (type === 'Person' && (act === 'Create' || act === 'Update')) return 'profile';
  if (type === 'Note' && (act === 'Create' || act === 'Update')) return 'comment';
  if (type === 'Video') {
    if (act === 'Create') return 'clip';
    if (act === 'Update') return 'clip_changed';
  }
  return BY_ACT[act] ?? 'other';
}

const REVOCABLE: readonly CrossingKind[] = ['follow', 'like', 'repost', 'comment'];

/** Whether the person can still take it back by itself. */
export function canWithdraw(one: Pick<Crossing, 'act' | 'object_type' | 'state'>): boolean {
  return REVOCABLE.includes(kindOfCrossing(one)) && one.state !== 'taken_back' && one.state !== 'refused';
}

/** Where the thing that crossed is shown here, if it has an address that is known. */
export function placeOf(thing: Crossing['thing']): string | null {
  return thing?.kind === 'clip' ? `/c/${thing.id}` : null;
}

export interface RealmCrossings {
  realm: string;
  name: string;
  consent: ConsentGiven | null;
  items: Crossing[];
}

/** By realm: those one agreed to be known in first, then by what crossed last. */
export function byRealm(items: readonly Crossing[], consents: readonly ConsentGiven[]): RealmCrossings[] {
  const groups = new Map<string, RealmCrossings>();
  for (const one of consents) groups.set(one.realm, { realm: one.realm, name: one.name, consent: one, items: [] });
  for (const one of items) {
    const group = groups.get(one.realm) ?? { realm: one.realm, name: one.realm_name, consent: null, items: [] };
    group.items.push(one);
    groups.set(one.realm, group);
  }
  return [...groups.values()];
}
