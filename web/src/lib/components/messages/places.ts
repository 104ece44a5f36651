/** Where somebody was in a conversation, for coming back from a clip or a page while this page lives. */
const places = new Map<string, number>();

export const placeOf = (talk: string): number => places.get(talk) ?? 0;

export function keepPlace(talk: string, top: number): void {
  places.set(talk, top);
}
