/** A finger on the reel: follows it, then says whether it was a tap, a hold, or a way to go. */

export interface SwipeHandlers {
  /** The finger moves; `dy` in px, upwards negative. */
  drag: (dy: number) => void;
  /** The finger left: the velocity in px per ms, upwards negative. */
  release: (dy: number, velocity: number) => void;
  sideways: (direction: 1 | -1) => void;
  tap: (x: number, y: number) => void;
  doubleTap: (x: number, y: number) => void;
  hold: (on: boolean) => void;
}

const SLOP_PX = 8;
const HOLD_MS = 420;
const DOUBLE_MS = 240;
const SIDEWAYS_PX = 64;
const VELOCITY_WINDOW_MS = 90;

type Phase = 'idle' | 'pressed' | 'dragging' | 'sideways' | 'held';

/**
 * Listens on `root`; taps and holds count only on `picture`, and nothing starts inside
 * `[data-no-swipe]`. Mouse buttons tap but do not drag: a wheel and keys go faster.
 */
export function listenSwipes(root: HTMLElement, picture: () => HTMLElement, on: SwipeHandlers): () => void {
  let phase: Phase = 'idle';
  let pointer = -1;
  let startX = 0;
  let startY = 0;
  let track: { at: number; y: number }[] = [];
  let holdTimer: ReturnType<typeof setTimeout> | undefined;
  let tapTimer: ReturnType<typeof setTimeout> | undefined;
  let onPicture = false;
  let moved = false;

  const down = (event: PointerEvent): void => {
    if (phase !== 'idle' || event.button !== 0) return;
    const target = event.target as Element;
    if (target.closest('[data-no-swipe], input, textarea, dialog')) return;
    onPicture = picture().contains(target) && !target.closest('button, a');
    pointer = event.pointerId;
    phase = 'pressed';
    moved = false;
    startX = event.clientX;
    startY = event.clientY;
    track = [{ at: event.timeStamp, y: startY }];
    if (onPicture) {
      holdTimer = setTimeout(() => {
        if (phase !== 'pressed') return;
        phase = 'held';
        on.hold(true);
      }, HOLD_MS);
    }
  };

  const move = (event: PointerEvent): void => {
    if (event.pointerId !== pointer || phase === 'held') return;
    const dx = event.clientX - startX;
    const dy = event.clientY - startY;
    if (phase === 'pressed') {
      if (Math.hypot(dx, dy) < SLOP_PX) return;
      clearTimeout(holdTimer);
      moved = true;
      if (event.pointerType === 'mouse') {
        phase = 'idle';
        return;
      }
      phase = Math.abs(dx) > Math.abs(dy) * 1.4 ? 'sideways' : 'dragging';
      root.setPointerCapture(pointer);
      startY += phase === 'dragging' ? Math.sign(dy) * SLOP_PX : 0;
    }
    if (phase !== 'dragging') return;
    track.push({ at: event.timeStamp, y: event.clientY });
    if (track.length > 24) track.shift();
    on.drag(event.clientY - startY);
  };

  const velocityAt = (now: number): number => {
    const last = track.at(-1);
    const first = track.find((one) => now - one.at <= VELOCITY_WINDOW_MS);
    if (!first || !last || last.at === first.at) return 0;
    return (last.y - first.y) / (last.at - first.at);
  };

  const tapped = (event: PointerEvent): void => {
    const { clientX: x, clientY: y } = event;
    if (tapTimer) {
      clearTimeout(tapTimer);
      tapTimer = undefined;
      on.doubleTap(x, y);
      return;
    }
    tapTimer = setTimeout(() => {
      tapTimer = undefined;
      on.tap(x, y);
    }, DOUBLE_MS);
  };

  const up = (event: PointerEvent): void => {
    if (event.pointerId !== pointer) return;
    clearTimeout(holdTimer);
    const was = phase;
    phase = 'idle';
    pointer = -1;
    const cancelled = event.type === 'pointercancel';
    if (was === 'held') on.hold(false);
    else if (was === 'dragging') {
      on.release(event.clientY - startY, cancelled ? 0 : velocityAt(event.timeStamp));
    } else if (was === 'sideways' && !cancelled) {
      const dx = event.clientX - startX;
      if (Math.abs(dx) > SIDEWAYS_PX) on.sideways(dx < 0 ? 1 : -1);
    } else if (was === 'pressed' && onPicture && !cancelled) tapped(event);
  };

  // A drag that began on a link or a button must not press it.
  const click = (event: MouseEvent): void => {
    if (!moved) return;
    moved = false;
    event.preventDefault();
    event.stopPropagation();
  };

  const menu = (event: Event): void => {
    if (picture().contains(event.target as Node)) event.preventDefault();
  };

  root.addEventListener('pointerdown', down);
  root.addEventListener('pointermove', move);
  root.addEventListener('pointerup', up);
  root.addEventListener('pointercancel', up);
  root.addEventListener('click', click, true);
  root.addEventListener('contextmenu', menu);
  return () => {
    clearTimeout(holdTimer);
    clearTimeout(tapTimer);
    root.removeEventListener('pointerdown', down);
    root.removeEventListener('pointermove', move);
    root.removeEventListener('pointerup', up);
    root.removeEventListener('pointercancel', up);
    root.removeEventListener('click', click, true);
    root.removeEventListener('contextmenu', menu);
  };
}

/** A wheel, or two fingers on a touchpad, as single steps: its long tail does not count twice. */
export function listenWheel(root: HTMLElement, step: (direction: 1 | -1) => void): () => void {
  let sum = 0;
  let quietUntil = 0;
  let lastAt = 0;
  let lastSize = 0;
  const wheel = (event: WheelEvent): void => {
    if ((event.target as Element).closest('[data-no-swipe], dialog') || event.ctrlKey) return;
    event.preventDefault();
    const size = Math.abs(event.deltaY) * (event.deltaMode === 1 ? 24 : 1);
    const fresh = event.timeStamp - lastAt > 160 || size > lastSize * 1.6 + 8;
    lastAt = event.timeStamp;
    lastSize = size;
    if (event.timeStamp < quietUntil || (!fresh && sum === 0)) return;
    sum += Math.sign(event.deltaY) * size;
    if (Math.abs(sum) < 32) return;
    step(sum > 0 ? 1 : -1);
    sum = 0;
    quietUntil = event.timeStamp + 420;
  };
  root.addEventListener('wheel', wheel, { passive: false });
  return () => root.removeEventListener('wheel', wheel);
}
