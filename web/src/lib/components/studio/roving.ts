/**
 * Arrow keys among the tabs or choices of a group, of which only the chosen one is a tab stop.
 * Left and right follow the direction of reading.
 */
export function roving(group: HTMLElement): { destroy: () => void } {
  function keys(event: KeyboardEvent): void {
    const rightToLeft = getComputedStyle(group).direction === 'rtl';
    const steps: Record<string, number> = {
      ArrowRight: rightToLeft ? -1 : 1,
      ArrowLeft: rightToLeft ? 1 : -1,
      ArrowDown: 1,
      ArrowUp: -1,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    const choices = [...group.querySelectorAll<HTMLButtonElement>('[role=tab],[role=radio]')];
    const usable = choices.filter((choice) => !choice.disabled);
    const at = usable.findIndex((choice) => choice === document.activeElement);
    const next = usable[(at + step + usable.length) % usable.length];
    if (at < 0 || !next) return;
    event.preventDefault();
    next.focus();
    next.click();
  }
  group.addEventListener('keydown', keys);
  return { destroy: () => group.removeEventListener('keydown', keys) };
}
