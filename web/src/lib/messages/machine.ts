/** What is behind the screens of messages, in a browser; fetched when they are first opened. */
import type { Me } from '$lib/api/types';
import { deviceWords } from '$lib/services/devices';

import type { World } from './desk';
import { Messenger, type Told } from './messenger';
import { LocalMemoryStore, type Store } from './store';
import type { Machine } from './types';
import { httpWire } from './wire-http';

const PACKAGES = 30;

async function browserStore(): Promise<Store> {
  if (typeof indexedDB === 'undefined') return new LocalMemoryStore();
  const { BrowserStore } = await import('./store-browser');
  return new BrowserStore();
}

function lockFor(person: string): World['alone'] {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const now = last.then(work, work);
    last = now.catch(() => undefined);
    return now;
  };
  const { locks } = navigator;
  if (!locks) return inTurn;
  return (work) => inTurn(() => locks.request(`reelm-messages-${person}`, work) as ReturnType<typeof work>);
}

export async function openMachine(me: Me, told: Told): Promise<Machine> {
  const channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(`reelm-messages-${me.id}`);
  const world: World = {
    store: await browserStore(),
    wire: httpWire,
    now: () => new Date(),
    uuid: () => crypto.randomUUID(),
    packages: PACKAGES,
    label: () => deviceWords(navigator.userAgent),
    alone: lockFor(me.id),
    changed: (ids) => {
      told.changed(ids);
      channel?.postMessage([...ids]);
    },
  };
  if (channel) channel.onmessage = (event: MessageEvent<string[]>) => told.changed(event.data);
  const machine = new Messenger({ id: me.id, handle: me.handle }, world, told);
  const stop = machine.stop.bind(machine);
  machine.stop = () => {
    channel?.close();
    stop();
  };
  return machine;
}

