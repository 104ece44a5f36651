/** A damped spring as a CSS easing, so that a swipe finishes on the compositor, at the finger's speed. */

export interface SpringMove {
  easing: string;
  durationMs: number;
}

const SAMPLES = 28;

/**
 * From 0 to 1 with a starting speed in units per second (1 unit = the whole way). Slightly
 * under-damped: it arrives with life, and never overshoots by more than a hair.
 */
export function springMove(velocity: number, stiffness = 320, damping = 0.92): SpringMove {
  const omega = Math.sqrt(stiffness);
  const damped = omega * Math.sqrt(1 - damping * damping);
  const start = Math.max(-4, Math.min(velocity, 16));
  const at = (t: number): number => {
    const b = (damping * omega - start) / damped;
    return 1 - Math.exp(-damping * omega * t) * (Math.cos(damped * t) + b * Math.sin(damped * t));
  };
  const seconds = 6.2 / (damping * omega);
  const points = Array.from({ length: SAMPLES + 1 }, (_, i) => {
    const value = i === SAMPLES ? 1 : at((seconds * i) / SAMPLES);
    return value.toFixed(4);
  });
  return { easing: `linear(${points.join(', ')})`, durationMs: seconds * 1000 };
}
