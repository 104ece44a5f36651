/** What this device remembers of how a person likes to watch. Nothing here is sent anywhere. */

export type Theme = 'system' | 'light' | 'dark';

interface Kept {
  theme: Theme;
  sound: boolean;
  dataSaver: boolean;
  captions: boolean;
  list: boolean;
  keySaved: string;
}

const STORED = 'reelm.preferences';
const FIRST: Kept = { theme: 'system', sound: true, dataSaver: false, captions: true, list: false, keySaved: '' };

function read(): Kept {
  try {
    return { ...FIRST, ...(JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<Kept>) };
  } catch {
    return { ...FIRST };
  }
}

const kept = $state(read());

function keep(): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(kept));
  } catch {
    // A full or forbidden store only means that the choice lasts as long as the page.
  }
}

export const preferences = {
  get theme(): Theme {
    return kept.theme;
  },
  set theme(value: Theme) {
    kept.theme = value;
    keep();
    applyTheme();
  },
  get sound(): boolean {
    return kept.sound;
  },
  set sound(value: boolean) {
    kept.sound = value;
    keep();
  },
  get dataSaver(): boolean {
    return kept.dataSaver;
  },
  set dataSaver(value: boolean) {
    kept.dataSaver = value;
    keep();
  },
  /** Whether the caption is shown open under the clip, or folded to one line. */
  get captions(): boolean {
    return kept.captions;
  },
  set captions(value: boolean) {
    kept.captions = value;
    keep();
  },
  /** Watch as a plain list instead of the swiped reel. */
  get list(): boolean {
    return kept.list;
  },
  set list(value: boolean) {
    kept.list = value;
    keep();
  },
  /** The id of whoever said that the recovery key of their messages is saved. */
  get keySaved(): string {
    return kept.keySaved;
  },
  set keySaved(value: string) {
    kept.keySaved = value;
    keep();
  },
};

const darkScreen = matchMedia('(prefers-color-scheme: dark)');

export function applyTheme(): void {
  const dark = kept.theme === 'dark' || (kept.theme === 'system' && darkScreen.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
}

darkScreen.addEventListener('change', applyTheme);

const still = matchMedia('(prefers-reduced-motion: reduce)');
export const prefersStillness = (): boolean => still.matches;
