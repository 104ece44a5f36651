/** Turns a problem into a sentence: what happened, and what to do. */
import { asProblem } from '$lib/api/problem';
import { hasText, t } from '$lib/i18n/index.svelte';
import { declined } from '$lib/state/consent.svelte';
import { toast } from '$lib/state/toasts.svelte';

/** The client's own sentence for a code where it has one, else the realm's, else a general one. */
export function sentence(cause: unknown): string {
  const problem = asProblem(cause);
  const key = `problem.${problem.code}`;
  if (hasText(key)) return t(key, { seconds: problem.retryAfterSeconds ?? 60 });
  if (problem.status === 429) return t('problem.too_many', { seconds: problem.retryAfterSeconds ?? 60 });
  if (problem.status >= 500) return t('problem.server');
  return problem.message || t('problem.general');
}

/** What to say beside a field: its own code's sentence, else what was said of the whole form. */
export function fieldSentence(code: string | undefined, whole: string): string | undefined {
  if (!code) return undefined;
  const key = `problem.${code}`;
  return hasText(key) ? t(key) : whole || t('problem.field');
}

/** Says that an act did not work; not to whoever chose that it should not. */
export function sayFailure(cause: unknown): void {
  if (!declined(cause)) toast(sentence(cause), 'problem');
}

/** For acts that show their effect at once: says only when it did not work. */
export function orSay(act: Promise<unknown>): void {
  act.catch(sayFailure);
}
