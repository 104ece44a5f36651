import './styles.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { findRoute } from './routes/table';
import { preferredLanguage, setLanguage } from '$lib/i18n/index.svelte';
import { sendKept, startEvents } from '$lib/services/events';
import { OPEN_FEEDS } from '$lib/services/feed';
import { followUp } from '$lib/services/pending-promises';
import { startUpdates } from '$lib/services/updates';
import { feedOf } from '$lib/state/feeds.svelte';
import { applyTheme } from '$lib/state/preferences.svelte';
import { startRouter } from '$lib/state/router.svelte';
import { loadRealm, loadSession, session } from '$lib/state/session.svelte';
import { shownFeed } from '$lib/state/watching.svelte';

async function start(): Promise<void> {
  const target = document.getElementById('app');
  if (!target) throw new Error('the page has no #app');
  applyTheme();
  // Everything the first frame needs leaves together; nothing waits for the texts.
  void loadSession().then(() => {
    sendKept();
    followUp();
    const me = session.me;
    if (me && localStorage.getItem('reelm.told')) {
      void import('$lib/services/told').then(({ renewHere }) => renewHere(me.id)).catch(() => undefined);
    }
  });
  const open = !session.ready || OPEN_FEEDS.includes(shownFeed());
  if (location.pathname === '/' && open) feedOf(shownFeed());
  else void findRoute(location.pathname)?.route.load().catch(() => undefined);
  void loadRealm();
  startRouter();
  await setLanguage(preferredLanguage());
  mount(App, { target });
  startEvents();
  startUpdates();
}

void start();
