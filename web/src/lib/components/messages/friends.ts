/** Whom somebody is likely to write to: by this device's own history, then those they follow. */
import type { PersonCard } from '$lib/api/types';
import { friendsFirst } from '$lib/messages/ranking';
import { listMine } from '$lib/services/people';
import { realmOf } from '$lib/services/realms';

/** People of another realm can't be written to yet. */
export const reachable = (people: readonly PersonCard[]): PersonCard[] => people.filter((one) => !realmOf(one));

/** @throws ApiProblem where neither this device nor the realm can say */
export async function likelyPeople(): Promise<PersonCard[]> {
  const [first, following] = await Promise.allSettled([friendsFirst(), listMine('following', null)]);
  if (first.status === 'rejected' && following.status === 'rejected') throw following.reason;
  const all = [
    ...(first.status === 'fulfilled' ? first.value : []),
    ...(following.status === 'fulfilled' ? following.value.items : []),
  ];
  return reachable([...new Map(all.map((one) => [one.handle, one])).values()]);
}
