/** The present moment for clocks on the screen, once a second while somebody looks. */
import { createSubscriber } from 'svelte/reactivity';

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

export const ticking = {
  get now(): number {
    subscribe();
    return Date.now();
  },
};
