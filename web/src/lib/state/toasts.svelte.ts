/** Short messages that pass: what happened, what was kept, what to do. */

export interface Toast {
  id: number;
  text: string;
  tone: 'plain' | 'problem';
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 4200;
let last = 0;
const shown = $state<Toast[]>([]);

export const toasts = {
  get shown(): readonly Toast[] {
    return shown;
  },
};

export function dismissToast(id: number): void {
  const at = shown.findIndex((one) => one.id === id);
  if (at >= 0) shown.splice(at, 1);
}

export function toast(text: string, tone: Toast['tone'] = 'plain', action?: Toast['action']): void {
  last += 1;
  const id = last;
  const same = shown.findIndex((one) => one.text === text);
  if (same >= 0) shown.splice(same, 1);
  shown.splice(0, Math.max(0, shown.length - 1));
  shown.push({ id, text, tone, ...(action ? { action } : {}) });
  setTimeout(() => dismissToast(id), action ? SHOWN_MS * 2 : SHOWN_MS);
}
