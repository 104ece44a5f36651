/** The present moment, which moves once a second while something on the screen shows it. */
let ms = $state(Date.now());
let shown = 0;
let timer: ReturnType<typeof setInterval> | undefined;

export const now = {
  get ms(): number {
    return ms;
  },
};

/** For a component that shows a passing time: keeps the clock going until the component leaves. */
export function keepTime(): void {
  $effect(() => {
    if (shown++ === 0) {
      ms = Date.now();
      timer = setInterval(() => (ms = Date.now()), 1000);
    }
    return () => {
      if (--shown === 0) clearInterval(timer);
    };
  });
}
