import { describe, expect, it } from 'vitest';

import { ApiProblem } from '$lib/api/problem';
import { consent, declined, withConsent } from '$lib/state/consent.svelte';

const problem = (code: string, fields: Record<string, string> = {}) =>
  new ApiProblem({ type: 'about:blank', title: '', detail: '', status: 409, code, fields });
const needed = () => problem('federation.consent_needed', { realm: 'world', name: 'World' });

/** Says no until it was allowed; counts how often it was tried. */
function act(): { run: () => Promise<string>; allow: () => void; tries: number } {
  let allowed = false;
  const self = {
    tries: 0,
    allow: () => (allowed = true),
    run: () => {
      self.tries += 1;
      return allowed ? Promise.resolve('done') : Promise.reject(needed());
    },
  };
  return self;
}

const asking = async () => {
  await new Promise((resolve) => setTimeout(resolve));
  return consent.asked;
};

describe('before another realm is told', () => {
  it('the person is asked, and the act is done once more after a yes', async () => {
    const one = act();
    const shown: boolean[] = [];
    const outcome = withConsent('follow', one.run, (done) => shown.push(done));
    const asked = await asking();
    expect(shown).toEqual([false]);
    expect([asked?.act, asked?.realm, asked?.name]).toEqual(['follow', 'world', 'World']);
    one.allow();
    asked?.done(true);
    expect(await outcome).toBe('done');
    expect([one.tries, consent.asked]).toEqual([2, null]);
    expect(shown).toEqual([false, true]);
  });

  it('a no is no failure, and nothing is done', async () => {
    const one = act();
    const outcome = withConsent('like', one.run).catch((cause: unknown) => cause);
    (await asking())?.done(false);
    expect(declined(await outcome)).toBe(true);
    expect(one.tries).toBe(1);
  });

  it('a second question takes the first one’s place, which then was a no', async () => {
    const [first, second] = [act(), act()];
    const one = withConsent('like', first.run).catch((cause: unknown) => cause);
    await asking();
    const two = withConsent('comment', second.run);
    const asked = await asking();
    expect(asked?.act).toBe('comment');
    expect(declined(await one)).toBe(true);
    second.allow();
    asked?.done(true);
    expect(await two).toBe('done');
    expect(first.tries).toBe(1);
  });

  it('any other refusal passes, and what needs no consent is not asked about', async () => {
    const refused = await withConsent('like', () => Promise.reject(problem('social.blocked'))).catch((cause: unknown) => cause);
    expect(declined(refused)).toBe(false);
    expect(await withConsent('like', () => Promise.resolve(7))).toBe(7);
    expect(consent.asked).toBeNull();
  });
});
