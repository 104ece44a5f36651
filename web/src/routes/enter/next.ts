/** Where a person wanted to go before signing in; only inside this application. */
export function nextPath(asked: string | null): string {
  if (!asked || !asked.startsWith('/') || /^\/[/\\]/.test(asked)) return '/';
  return /^\/sign-(in|up)/.test(asked) ? '/' : asked;
}
