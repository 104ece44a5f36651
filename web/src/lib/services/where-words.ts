/** What the page "Where your data is" makes of the realm's statements. Pure. */
import type { OwnerInfo, SiteInfo, Sites } from '$lib/api/realms';

import type { Strength } from './promises';

export const bytesOf = (site: SiteInfo): number =>
  site.statement?.held.reduce((sum, one) => sum + one.bytes, 0) ?? 0;

/**
 * How strong what a site's signer says is. That somebody else than the operator says it makes it no proof, but
 * two have to be wrong; without a statement there is only the charter's word.
 */
export function strengthOfSite(site: SiteInfo): Strength {
  if (!site.statement) return 'unproven';
  return site.self_signed ? 'declared' : 'trustee';
}

/** Countries in which personal data lies, each once, as the charter names them. */
export function countriesOf(sites: Sites['sites']): string[] {
  return [...new Set(sites.map((one) => one.country).filter((one) => one !== ''))];
}

type Shared = Pick<OwnerInfo, 'name'> & Partial<OwnerInfo>;

/** Shares that are stated, largest first; what is not stated stands at the end. */
export function bySharesOwned<T extends Shared>(owners: readonly T[]): T[] {
  return [...owners].sort((a, b) => Number(b.share || 0) - Number(a.share || 0));
}

/** Who stands behind the owners, each once, without those who are owners themselves. */
export function parentsOf(owners: readonly Shared[]): string[] {
  const names = new Set(owners.map((one) => one.name));
  return [...new Set(owners.map((one) => one.ultimate_parent ?? ''))].filter((one) => one !== '' && !names.has(one));
}
