/** The upload manager's questions to the realm. */
import { ask, client } from '$lib/api/client';
import { cancelClip, deleteClip, getClip, retryClip } from '$lib/services/clips';
import { onClipProgress, openStream } from '$lib/services/stream';
import type { Clip, ClipNew } from '$lib/api/types';

import type { ClipsApi } from './upload-view';

export function clipsApi(): ClipsApi {
  return {
    create: (request, idempotencyKey) =>
      ask<Clip>(
        client.POST('/api/v1/clips', {
          // What is left out takes the realm's default, which the schema writes as required.
          body: request as ClipNew,
          headers: { 'Idempotency-Key': idempotencyKey },
        }),
      ),
    get: getClip,
    retry: async (id) => void (await retryClip(id)),
    cancel: async (id) => void (await cancelClip(id)),
    remove: deleteClip,
    watch: (listener) => {
      openStream();
      return onClipProgress(listener);
    },
  };
}
