/** Runs `act` when there is nothing better to do; browsers without idle time give a moment later. */
export function whenIdle(act: () => void): void {
  if ('requestIdleCallback' in globalThis) requestIdleCallback(act, { timeout: 10_000 });
  else setTimeout(act, 200);
}
