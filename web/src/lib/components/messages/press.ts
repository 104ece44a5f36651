/** A finger held on something, or its context menu on a screen that is touched. */
const HELD_MS = 420;
const SLIP_PX = 10;

export function heldDown(act: () => void): (node: HTMLElement) => () => void {
  return (node) => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let from: { x: number; y: number } | null = null;
    let done = false;

    const stop = (): void => {
      clearTimeout(timer);
      from = null;
    };
    const fire = (): void => {
      stop();
      done = true;
      act();
      // What opened lies under the finger by now, and letting go is no tap on that either.
      const swallow = (event: MouseEvent): void => {
        event.preventDefault();
        event.stopPropagation();
      };
      addEventListener('click', swallow, { capture: true, once: true });
      addEventListener('pointerdown', () => removeEventListener('click', swallow, true), { capture: true, once: true });
    };
    const down = (event: PointerEvent): void => {
      done = false;
      if (event.pointerType === 'mouse') return;
      from = { x: event.clientX, y: event.clientY };
      timer = setTimeout(fire, HELD_MS);
    };
    const move = (event: PointerEvent): void => {
      if (from && Math.hypot(event.clientX - from.x, event.clientY - from.y) > SLIP_PX) stop();
    };
    // Where holding opened something, letting go is not a tap on what is underneath.
    const click = (event: MouseEvent): void => {
      if (!done) return;
      done = false;
      event.preventDefault();
      event.stopPropagation();
    };
    const context = (event: Event): void => {
      if (from === null && !done) return;
      event.preventDefault();
      if (!done) fire();
    };

    node.addEventListener('pointerdown', down);
    node.addEventListener('pointermove', move);
    node.addEventListener('pointerup', stop);
    node.addEventListener('pointercancel', stop);
    node.addEventListener('click', click, true);
    node.addEventListener('contextmenu', context);
    return () => {
      stop();
      node.removeEventListener('pointerdown', down);
      node.removeEventListener('pointermove', move);
      node.removeEventListener('pointerup', stop);
      node.removeEventListener('pointercancel', stop);
      node.removeEventListener('click', click, true);
      node.removeEventListener('contextmenu', context);
    };
  };
}
