import { describe, expect, it } from 'vitest';

import { matchPath } from '$lib/state/paths';
import { nextPath } from '../../src/routes/enter/next';

describe('matchPath', () => {
  it('takes parameters from segments', () => {
    expect(matchPath('/', '/')).toEqual({});
    expect(matchPath('/c/{id}', '/c/1%202')).toEqual({ id: '1 2' });
    expect(matchPath('/@{handle}', '/@lin.yu')).toEqual({ handle: 'lin.yu' });
    expect(matchPath('/tags/{tag}', '/tags/%E9%9B%A8/')).toEqual({ tag: '雨' });
  });

  it('refuses what does not fit', () => {
    for (const path of ['/lin.yu', '/@', '/@a/b', '/c/%E9']) {
      expect(matchPath('/@{handle}', path)).toBeNull();
    }
    expect(matchPath('/c/{id}', '/c/%E9%')).toBeNull();
  });
});

describe('nextPath', () => {
  it('leads only inside', () => {
    expect(nextPath('/make?sound=1')).toBe('/make?sound=1');
    for (const outside of [null, '', 'https://x.test', '//x.test', '/\\x.test', '/sign-in']) {
      expect(nextPath(outside)).toBe('/');
    }
  });
});
