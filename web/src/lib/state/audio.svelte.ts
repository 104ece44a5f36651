/** Whether clips are heard. The wish is kept; a browser may refuse until the person has touched the page. */
import { preferences } from './preferences.svelte';

let refused = $state(false);

export const audio = {
  get on(): boolean {
    return preferences.sound && !refused;
  },
  /** The person wants sound, the browser wants a gesture first. */
  get refused(): boolean {
    return preferences.sound && refused;
  },
};

export function soundRefused(): void {
  refused = true;
}

/** Called from a gesture only. */
export function toggleSound(): boolean {
  if (refused) {
    refused = false;
    preferences.sound = true;
  } else {
    preferences.sound = !preferences.sound;
  }
  return audio.on;
}
