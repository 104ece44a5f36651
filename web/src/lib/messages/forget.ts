/** What this device keeps of a person's messages goes. */
import { TABLES, type Change, type Store } from './store';
import { BrowserStore } from './store-browser';

/** Every row of theirs; others who use this device keep theirs. */
export async function wipe(store: Store, person: string): Promise<void> {
  const changes: Change[] = [];
  for (const table of TABLES) {
    for (const key of await store.keysOf(table, `${person}|`)) changes.push({ table, key });
  }
  await store.write(changes);
}

export async function forgetMessages(person: string): Promise<void> {
  await wipe(new BrowserStore(), person);
}
