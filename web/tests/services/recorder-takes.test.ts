import { describe, expect, it } from 'vitest';
import { EncodedPacket } from 'mediabunny';

import { newWork, worthKeeping } from '$lib/services/drafts';
import { LocalMemoryStore } from '$lib/services/drafts-store';
import { TakesEmpty, audioPackets, joinTakes } from '$lib/services/recorder-join';
import { chunkWriter, cutShortTakes, filmedEnough, joinedFrom, takeBlobs } from '$lib/services/recorder-takes';

const bytes = (text: string) => new Blob([text]);
const take = (id: string) => ({ id, filmedMs: 900, speed: 1 as const, mime: 'video/webm', voiced: true });

describe('takes in the store', () => {
  it('come back whole and in order', async () => {
    const store = new LocalMemoryStore();
    const write = chunkWriter(store, 'w', 'a');
    await write(1, bytes('world'));
    await write(0, bytes('hello '));
    const work = { ...newWork('w', 'p', 'camera', 'en', 1), takes: [take('a'), take('lost')] };
    const blobs = await takeBlobs(store, work);
    expect(blobs).toHaveLength(1);
    expect(await blobs[0]?.blob.text()).toBe('hello world');
    expect(blobs[0]?.blob.type).toBe('video/webm');
  });

  it('that were cut short are found again, and crumbs are swept up', async () => {
    const store = new LocalMemoryStore();
    for (const [id, index] of [['a', 0], ['b', 0], ['b', 1], ['crumb', 0]] as const) {
      await chunkWriter(store, 'w', id)(index, bytes(id));
    }
    const begun = { id: 'b', speed: 2 as const, mime: 'video/mp4', voiced: false };
    const work = { ...newWork('w', 'p', 'camera', 'en', 1), takes: [take('a')], begun };
    expect(await cutShortTakes(store, work)).toEqual([{ ...begun, filmedMs: 2000 }]);
    expect(await store.listTakes('w')).toEqual(['a', 'b']);
  });

  it('make a work worth keeping from the first moment', () => {
    const work = newWork('w', 'p', 'camera', 'en', 1);
    expect(worthKeeping(work)).toBe(false);
    expect(worthKeeping({ ...work, begun: { ...take('a') } })).toBe(true);
    expect(filmedEnough([take('a')])).toBe(true);
    expect(filmedEnough([{ ...take('a'), speed: 2 }])).toBe(false);
    expect(joinedFrom([take('a'), { ...take('b'), speed: 2 }])).toBe('a@1 b@2');
  });
});

describe('the sound of a take', () => {
  const packets = [0, 1, 2, 3].map(
    (index) => new EncodedPacket(Uint8Array.of(index), 'key', 5 + index * 0.02, 0.02),
  );

  it('is moved to its place and ends with the pictures', () => {
    const out = audioPackets(packets, false, 10, 0.05);
    expect(out.map((packet) => packet.data[0])).toEqual([0, 1]);
    expect(out[1]?.timestamp).toBeCloseTo(10.02);
  });

  it('is repeated while it is silence and the take is slow', () => {
    const out = audioPackets(packets, true, 10, 0.12);
    expect(out.map((packet) => packet.data[0])).toEqual([0, 1, 2, 3, 0, 1]);
    expect(out.at(-1)?.timestamp).toBeCloseTo(10.1);
  });

  it('is nothing where there was none, and never runs forever', () => {
    expect(audioPackets([], true, 0, 1)).toEqual([]);
    const endless = [new EncodedPacket(Uint8Array.of(0), 'key', 0, 0)];
    expect(audioPackets(endless, true, 0, 1)).toEqual([]);
  });
});

it('nothing can be put together from nothing', async () => {
  const nonsense = { blob: bytes('no film at all'), speed: 1, voiced: true };
  await expect(joinTakes([])).rejects.toBeInstanceOf(TakesEmpty);
  await expect(joinTakes([nonsense])).rejects.toBeInstanceOf(TakesEmpty);
});
