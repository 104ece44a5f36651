/** A border policy as a sentence. */
import { classNames, listOf } from '$lib/components/ledger/words';
import { t, type Key } from '$lib/i18n/index.svelte';
import type { PolicyGist } from '$lib/services/policy-words';

export function gistSentence(gist: PolicyGist): string {
  const narrow = gist.effect === 'forbid' && (gist.network || gist.purposes.length > 0 || gist.acts.length > 0);
  if (!gist.plain || narrow || gist.classes.length === 0) return t(`border.gist_${gist.effect}_other` as Key);
  const classes = classNames(gist.classes);
  if (gist.effect === 'forbid') return t('border.gist_forbid', { classes });
  const purposes = gist.purposes.length
    ? listOf(gist.purposes.map((one) => t(`border.purpose_${one}` as Key)))
    : t('border.purpose_any');
  return t(gist.network ? 'border.gist_permit_network' : 'border.gist_permit', { classes, purposes });
}
