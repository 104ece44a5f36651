import { describe, expect, it } from 'vitest';

import { readEdition } from '$lib/services/edition';

describe('the edition of a page', () => {
  it('is what the realm wrote into it', () => {
    const said = { name: 'Kinora', mark: 'M0 0z', languages: ['fr'], default_feed: 'following' };
    expect(readEdition(JSON.stringify(said))).toMatchObject({ ...said, default_visibility: 'everyone' });
  });

  it.each([null, '', '{'])('is the own one where the page says %j', (content) => {
    expect(readEdition(content).name).toBe('Reelm');
  });
});
