import './styles.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { preferredLanguage, setLanguage } from '$lib/i18n/index.svelte';
import { startRouter } from '$lib/state/router.svelte';

async function start(): Promise<void> {
  const target = document.getElementById('app');
  if (!target) throw new Error('the page has no #app');
  startRouter();
  await setLanguage(preferredLanguage());
  mount(App, { target });
}

void start();
