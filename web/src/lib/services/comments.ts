import { ask, client } from '$lib/api/client';
import type { Comment, Page } from '$lib/api/types';

export type CommentOrder = 'top' | 'new';

export function listComments(
  clipId: string,
  sort: CommentOrder,
  cursor: string | null,
): Promise<Page<Comment>> {
  return ask(
    client.GET('/api/v1/clips/{clip_id}/comments', {
      params: { path: { clip_id: clipId }, query: { sort, cursor, limit: 20 } },
    }),
  );
}

export function listReplies(commentId: string, cursor: string | null): Promise<Page<Comment>> {
  return ask(
    client.GET('/api/v1/comments/{comment_id}/replies', {
      params: { path: { comment_id: commentId }, query: { cursor, limit: 10 } },
    }),
  );
}

/** `key` makes a retry after a lost answer write the comment once. */
export function writeComment(
  clipId: string,
  text: string,
  parentId: string | null,
  key: string,
): Promise<Comment> {
  return ask(
    client.POST('/api/v1/clips/{clip_id}/comments', {
      params: { path: { clip_id: clipId }, header: { 'Idempotency-Key': key } },
      body: { text, ...(parentId ? { parent_id: parentId } : {}) },
    }),
  );
}

export async function deleteComment(id: string): Promise<void> {
  await ask(client.DELETE('/api/v1/comments/{comment_id}', { params: { path: { comment_id: id } } }));
}

export type CommentMark = 'like' | 'pin' | 'heart';

const MARK_PATHS = {
  like: '/api/v1/comments/{comment_id}/like',
  pin: '/api/v1/comments/{comment_id}/pin',
  heart: '/api/v1/comments/{comment_id}/heart',
} as const;

export async function markComment(id: string, mark: CommentMark, on: boolean): Promise<void> {
  const at = { params: { path: { comment_id: id } } };
  const path = MARK_PATHS[mark];
  await ask<unknown>(on ? client.PUT(path, at) : client.DELETE(path, at));
}
