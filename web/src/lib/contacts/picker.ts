/** The system's own chooser of contacts (Contact Picker API), where the browser has one. */
import type { Contact } from './vcard';

interface Picked {
  name?: string[];
  tel?: string[];
  email?: string[];
}

interface ContactsManager {
  select(properties: string[], options: { multiple: boolean }): Promise<Picked[]>;
}

declare global {
  interface Navigator {
    contacts?: ContactsManager;
  }
}

const manager = (): ContactsManager | undefined =>
  'ContactsManager' in globalThis ? navigator.contacts : undefined;

export const canPick = (): boolean => manager() !== undefined;

/** Lets the person choose; an empty list when they chose nobody. */
export async function pickContacts(): Promise<Contact[]> {
  const picked = (await manager()?.select(['name', 'tel', 'email'], { multiple: true })) ?? [];
  return picked.map((one) => ({ name: one.name?.[0] ?? '', phones: one.tel ?? [], emails: one.email ?? [] }));
}
