import type { Component } from 'svelte';

import type { Namespace } from '$lib/i18n/index.svelte';
import { matchPath, type PathParams } from '$lib/state/paths';

export interface Route {
  pattern: string;
  /** The screen; every one takes its path parameters as `params`. */
  load: () => Promise<{ default: Component<{ params: PathParams }> }>;
  /** Only for people who are signed in. */
  account?: boolean;
  /** Dark, full-bleed: the clip is everything. */
  cinema?: boolean;
  texts?: Namespace[];
}

export const ROUTES: Route[] = [
  {
    pattern: '/make',
    load: () => import('./make/Make.svelte'),
    account: true,
    texts: ['studio'],
  },
];

export function findRoute(path: string): { route: Route; params: PathParams } | null {
  for (const route of ROUTES) {
    const params = matchPath(route.pattern, path);
    if (params) return { route, params };
  }
  return null;
}
