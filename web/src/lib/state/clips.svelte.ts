/** The parts of clips that change under one's fingers: reactions, counts, and whom one follows. */
import { SvelteMap } from 'svelte/reactivity';

import type { Clip, FollowState } from '$lib/api/types';
import { setLike, setRepost } from '$lib/services/clips';
import { record } from '$lib/services/events';
import { setFollow } from '$lib/services/people';

import { withConsent } from './consent.svelte';

const KEPT = 400;

class LiveClip {
  liked = $state(false);
  reposted = $state(false);
  likes = $state(0);
  comments = $state(0);
  reposts = $state(0);
  shares = $state(0);
  views = $state(0);

  constructor(public clip: Clip) {
    this.take(clip);
  }

  /** The realm's newest word on this clip. */
  take(clip: Clip): void {
    this.clip = clip;
    this.liked = clip.viewer?.liked ?? false;
    this.reposted = clip.viewer?.reposted ?? false;
    this.takeCounts(clip.counts);
  }

  takeCounts(counts: Clip['counts']): void {
    this.likes = counts.likes;
    this.comments = counts.comments;
    this.reposts = counts.reposts;
    this.shares = counts.shares;
    this.views = counts.views;
  }
}

export type { LiveClip };

const lives = new Map<string, LiveClip>();
const follows = new SvelteMap<string, FollowState>();

/** The one live state of a clip, shared by every place that shows it. */
export function live(clip: Clip): LiveClip {
  let found = lives.get(clip.id);
  if (!found) {
    found = new LiveClip(clip);
    lives.set(clip.id, found);
    for (const oldest of lives.keys()) {
      if (lives.size <= KEPT) break;
      lives.delete(oldest);
    }
  }
  return found;
}

/** Takes freshly answered clips in, before a screen shows them. */
export function refresh(clips: readonly Clip[]): void {
  for (const clip of clips) {
    const known = lives.get(clip.id);
    if (known) known.take(clip);
    if (clip.viewer) follows.set(clip.author.handle, clip.viewer.follow);
  }
}

/** Forgets everything that was true for one person. */
export function forgetLives(): void {
  lives.clear();
  follows.clear();
}

/** Shows the like at once, and takes it back if the realm says no. */
export async function like(one: LiveClip, on: boolean): Promise<void> {
  if (one.liked === on) return;
  const before = one.likes;
  const show = (done: boolean) => {
    one.liked = done ? on : !on;
    one.likes = done ? Math.max(0, before + (on ? 1 : -1)) : before;
  };
  show(true);
  try {
    const answer = await withConsent('like', () => setLike(one.clip.id, on), show);
    if (on) record(one.clip.id, 'like');
    one.takeCounts(answer.counts);
  } catch (cause) {
    show(false);
    throw cause;
  }
}

export async function repost(one: LiveClip, on: boolean): Promise<void> {
  if (one.reposted === on) return;
  const before = one.reposts;
  const show = (done: boolean) => {
    one.reposted = done ? on : !on;
    one.reposts = done ? Math.max(0, before + (on ? 1 : -1)) : before;
  };
  show(true);
  try {
    const answer = await withConsent('repost', () => setRepost(one.clip.id, on), show);
    one.takeCounts(answer.counts);
  } catch (cause) {
    show(false);
    throw cause;
  }
}

export function followOf(handle: string): FollowState {
  return follows.get(handle) ?? 'none';
}

export function noteFollow(handle: string, state: FollowState): void {
  follows.set(handle, state);
}

export async function follow(handle: string, on: boolean): Promise<FollowState> {
  const before = followOf(handle);
  const show = (done: boolean) => {
    follows.set(handle, done ? (on ? 'following' : 'none') : before);
  };
  show(true);
  try {
    const answer = await withConsent('follow', () => setFollow(handle, on), show);
    const now = answer.follow;
    follows.set(handle, now);
    return now;
  } catch (cause) {
    show(false);
    throw cause;
  }
}
