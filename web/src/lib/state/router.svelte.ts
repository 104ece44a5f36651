/** A small router over the History API. Links are plain `<a href>`; one listener catches them. */
import { matchPath, type PathParams } from './paths';

let path = $state(location.pathname);
let query = $state.raw(new URLSearchParams(location.search));
const kept = new Map<string, number>();
let leaveGuard: (() => boolean) | null = null;

export const router = {
  get path(): string {
    return path;
  },
  get query(): URLSearchParams {
    return query;
  },
};

/** What scrolls; the page itself never does. */
const scroller = () => document.getElementById('main');

function read(): void {
  path = location.pathname;
  query = new URLSearchParams(location.search);
}

function entryKey(): string {
  const state = history.state as { key?: string } | null;
  return state?.key ?? 'first';
}

export interface GoOptions {
  replace?: boolean;
  /** Keep the page where it is scrolled. */
  still?: boolean;
}

/** Goes to a path of this application. */
export function go(to: string, options: GoOptions = {}): void {
  if (leaveGuard && !leaveGuard()) return;
  kept.set(entryKey(), scroller()?.scrollTop ?? 0);
  const state = { key: crypto.randomUUID(), inside: true };
  if (options.replace) history.replaceState(state, '', to);
  else history.pushState(state, '', to);
  read();
  if (!options.still) scroller()?.scrollTo(0, 0);
}

/** One step back if the person came from inside, else to `fallback`. */
export function back(fallback = '/'): void {
  const state = history.state as { inside?: boolean } | null;
  if (state?.inside) history.back();
  else go(fallback, { replace: true });
}

/** Where a screen asks before it is left (unsaved work). Returns its removal. */
export function guardLeave(ask: () => boolean): () => void {
  leaveGuard = ask;
  return () => {
    if (leaveGuard === ask) leaveGuard = null;
  };
}

function onClick(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest?.('a[href]');
  if (!(link instanceof HTMLAnchorElement)) return;
  if (link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
  if (/^\/(api|media|ledger)\//.test(link.pathname)) return;
  event.preventDefault();
  if (link.hash && link.pathname === location.pathname) {
    document.getElementById(link.hash.slice(1))?.focus();
    return;
  }
  go(link.pathname + link.search);
}

export function startRouter(): void {
  history.scrollRestoration = 'manual';
  document.addEventListener('click', onClick);
  window.addEventListener('popstate', () => {
    read();
    const y = kept.get(entryKey()) ?? 0;
    requestAnimationFrame(() => scroller()?.scrollTo(0, y));
  });
}

export { matchPath, type PathParams };
