/** The few facts of the screen that a layout needs to know in script. */
const query = matchMedia('(min-width: 900px)');
let wide = $state(query.matches);
let online = $state(navigator.onLine);

query.addEventListener('change', () => (wide = query.matches));
window.addEventListener('online', () => (online = true));
window.addEventListener('offline', () => (online = false));

export const screen = {
  /** Room for a panel beside the picture. */
  get wide(): boolean {
    return wide;
  },
  get online(): boolean {
    return online;
  },
};
