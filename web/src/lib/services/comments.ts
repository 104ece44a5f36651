import { ask, client } from '$lib/api/client';
import type { Comment, Page } from '$lib/api/types';

export type CommentOrder = 'top' | 'new';

export function listComments(
  clipId: string,
  sort: CommentOrder,
  cursor: string | null,
): Promise<Page<Comment>> {
  return ask(
    client.GET('/api/v1/clips/{id}/comments', {
      params: { path: { id: clipId }, query: { sort, cursor: cursor ?? undefined, limit: 20 } },
    }),
  );
}

export function listReplies(commentId: string, cursor: string | null): Promise<Page<Comment>> {
  return ask(
    client.GET('/api/v1/comments/{id}/replies', {
      params: { path: { id: commentId }, query: { cursor: cursor ?? undefined, limit: 10 } },
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
    client.POST('/api/v1/clips/{id}/comments', {
      params: { path: { id: clipId }, header: { 'Idempotency-Key': key } },
      body: { text, ...(parentId ? { parent_id: parentId } : {}) },
    }),
  );
}

export function deleteComment(id: string): Promise<void> {
  return ask(client.DELETE('/api/v1/comments/{id}', { params: { path: { id } } }));
}

export type CommentMark = 'like' | 'pin' | 'heart';

export function markComment(id: string, mark: CommentMark, on: boolean): Promise<unknown> {
  const at = { params: { path: { id } } };
  const path = `/api/v1/comments/{id}/${mark}`;
  return ask(on ? client.PUT(path, at) : client.DELETE(path, at));
}
