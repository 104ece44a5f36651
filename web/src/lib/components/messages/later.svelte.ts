/** Whether the banner about the recovery key was put off, as long as this page lives. */
let off = $state(false);

export const isPutOff = (): boolean => off;

export function putOff(): void {
  off = true;
}
