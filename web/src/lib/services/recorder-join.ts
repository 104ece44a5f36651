/**
 * Several takes into one file, without encoding anything again.
 *
 * Every take is a recording of its own, so that the last one can be thrown away and a crash costs at
 * most a second. Joining copies the encoded packets behind one another and rewrites their times: a
 * take filmed at 2× has its pictures put twice as close together. All takes come from one canvas and
 * one mixer, so they share size and codecs.
 *
 * A voice can't be copied at another pace: it is made anew (`recorder-voice`). A silent take's packets
 * are all alike, and are laid one after the other for as long as the take is shown.
 */
import {
  BlobSource,
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  Input,
  MATROSKA,
  MP4,
  Mp4OutputFormat,
  Output,
  QTFF,
  WEBM,
  WebMOutputFormat,
  type EncodedPacket,
  type InputAudioTrack,
  type InputVideoTrack,
} from 'mediabunny';

import { voiceAtPace, type VoiceFormat } from './recorder-voice';

export interface TakeBlob {
  blob: Blob;
  speed: number;
  /** Does it hold a voice, or silence? */
  voiced: boolean;
}

export interface JoinedTakes {
  blob: Blob;
  durationMs: number;
  /** What each take really lasts in the file; the recorder's clock is only close. */
  takeMs: number[];
}

/** The takes don't fit together: another size or codec. */
export class TakesDiffer extends Error {
  constructor(readonly index: number) {
    super(`take ${index + 1} was recorded in another format`);
    this.name = 'TakesDiffer';
  }
}

/** Nothing in the takes can be played. */
export class TakesEmpty extends Error {
  constructor() {
    super('no take holds a picture');
    this.name = 'TakesEmpty';
  }
}

interface Opened {
  input: Input;
  video: InputVideoTrack;
  audio: InputAudioTrack | null;
  take: TakeBlob;
}

async function open(take: TakeBlob): Promise<Opened | null> {
  const input = new Input({
    source: new BlobSource(take.blob),
    formats: [MP4, QTFF, WEBM, MATROSKA],
  });
  try {
    const video = await input.getPrimaryVideoTrack();
    if (video === null) return null;
    const audio = await input.getPrimaryAudioTrack();
    return { input, video, audio, take };
  } catch {
    return null;
  }
}

function sameBytes(
  a: AllowSharedBufferSource | undefined,
  b: AllowSharedBufferSource | undefined,
): boolean {
  const bytes = (each: AllowSharedBufferSource | undefined): Uint8Array =>
    each === undefined
      ? new Uint8Array()
      : ArrayBuffer.isView(each)
        ? new Uint8Array(each.buffer, each.byteOffset, each.byteLength)
        : new Uint8Array(each);
  const left = bytes(a);
  const right = bytes(b);
  return left.length === right.length && left.every((value, index) => value === right[index]);
}

async function requireSame(first: Opened, other: Opened, index: number): Promise<void> {
  const [a, b] = [await first.video.getDecoderConfig(), await other.video.getDecoderConfig()];
  if (a?.codedWidth !== b?.codedWidth || a?.codedHeight !== b?.codedHeight)
    throw new TakesDiffer(index);
  if ((await first.video.getCodec()) !== (await other.video.getCodec()))
    throw new TakesDiffer(index);
  if (!sameBytes(a?.description, b?.description)) throw new TakesDiffer(index);
  if ((first.audio === null) !== (other.audio === null)) throw new TakesDiffer(index);
  if (first.audio && other.audio) {
    if ((await first.audio.getCodec()) !== (await other.audio.getCodec()))
      throw new TakesDiffer(index);
  }
}

async function packetsOf(track: InputVideoTrack | InputAudioTrack): Promise<EncodedPacket[]> {
  const packets: EncodedPacket[] = [];
  try {
    for await (const packet of new EncodedPacketSink(track).packets()) packets.push(packet);
  } catch {
    // A take cut short by a crash ends in the middle of a packet; what came before it is good.
  }
  return packets;
}

/** Pictures of one take, moved to `at` seconds. @returns the take's length in seconds. */
function videoPackets(
  packets: EncodedPacket[],
  speed: number,
  at: number,
): { out: EncodedPacket[]; length: number } {
  const firstKey = packets.findIndex((packet) => packet.type === 'key');
  const usable = firstKey < 0 ? [] : packets.slice(firstKey);
  const origin = Math.min(...usable.map((packet) => packet.timestamp));
  const out = usable.map((packet) =>
    packet.clone({
      timestamp: at + (packet.timestamp - origin) / speed,
      duration: packet.duration / speed,
    }),
  );
  const length = out.reduce(
    (most, packet) => Math.max(most, packet.timestamp + packet.duration - at),
    0,
  );
  return { out, length };
}

/**
 * Sound of one take, moved to `at` seconds and cut to `length`. Silence is interchangeable: it is
 * repeated, or left out, until the length fits.
 */
export function audioPackets(
  packets: EncodedPacket[],
  silent: boolean,
  at: number,
  length: number,
): EncodedPacket[] {
  const out: EncodedPacket[] = [];
  const origin = packets[0]?.timestamp ?? 0;
  const fits = (start: number, packet: EncodedPacket): boolean =>
    packet.duration > 0 && start + packet.duration <= length + 1e-6;
  if (!silent) {
    for (const packet of packets) {
      const start = packet.timestamp - origin;
      if (!fits(start, packet)) break;
      out.push(packet.clone({ timestamp: at + start }));
    }
    return out;
  }
  let start = 0;
  for (let index = 0; packets.length > 0; index += 1) {
    const packet = packets[index % packets.length];
    if (!packet || !fits(start, packet)) break;
    out.push(packet.clone({ timestamp: at + start }));
    start += packet.duration;
  }
  return out;
}

/** @throws TakesEmpty, TakesDiffer */
export async function joinTakes(takes: readonly TakeBlob[]): Promise<JoinedTakes> {
  const opened: Opened[] = [];
  for (const take of takes) {
    const one = await open(take);
    if (one) opened.push(one);
  }
  const first = opened[0];
  if (!first) throw new TakesEmpty();
  try {
    for (const [index, one] of opened.entries())
      if (index > 0) await requireSame(first, one, index);
    return await write(opened, first);
  } finally {
    for (const one of opened) one.input.dispose();
  }
}

interface Prepared {
  pictures: EncodedPacket[];
  voice: EncodedPacket[];
  length: number;
}

async function voiceFormat(track: InputAudioTrack): Promise<VoiceFormat | null> {
  const [codec, config] = [await track.getCodec(), await track.getDecoderConfig()];
  if (!config || (codec !== 'opus' && codec !== 'aac')) return null;
  return { codec, sampleRate: config.sampleRate, numberOfChannels: config.numberOfChannels };
}

async function soundOf(one: Opened, at: number, length: number): Promise<EncodedPacket[]> {
  const { audio, take } = one;
  if (!audio) return [];
  if (take.speed === 1 || !take.voiced) {
    return audioPackets(await packetsOf(audio), take.speed !== 1, at, length);
  }
  const format = await voiceFormat(audio);
  const made = format && (await voiceAtPace(take.blob, take.speed, format));
  return made ? audioPackets(made, false, at, length) : [];
}

async function prepare(one: Opened, at: number): Promise<Prepared> {
  const { out, length } = videoPackets(await packetsOf(one.video), one.take.speed, at);
  return { pictures: out, voice: out.length > 0 ? await soundOf(one, at, length) : [], length };
}

async function write(opened: Opened[], first: Opened): Promise<JoinedTakes> {
  const videoCodec = await first.video.getCodec();
  const videoConfig = await first.video.getDecoderConfig();
  const audioCodec = first.audio ? await first.audio.getCodec() : null;
  const audioConfig = first.audio ? await first.audio.getDecoderConfig() : null;
  if (videoCodec === null || videoConfig === null) throw new TakesEmpty();
  const webm = ['vp8', 'vp9', 'av1'].includes(videoCodec) && (audioCodec ?? 'opus') === 'opus';
  const target = new BufferTarget();
  const output = new Output({
    format: webm ? new WebMOutputFormat() : new Mp4OutputFormat({ fastStart: 'in-memory' }),
    target,
  });
  const videoSource = new EncodedVideoPacketSource(videoCodec);
  output.addVideoTrack(videoSource);
  const audioSource = audioCodec && audioConfig ? new EncodedAudioPacketSource(audioCodec) : null;
  const audioMeta = audioConfig ? { decoderConfig: audioConfig } : undefined;
  if (audioSource) output.addAudioTrack(audioSource);
  await output.start();
  let at = 0;
  const takeMs: number[] = [];
  for (const one of opened) {
    const { pictures, voice, length } = await prepare(one, at);
    let spoken = 0;
    const speakUntil = async (until: number): Promise<void> => {
      for (; audioSource; spoken += 1) {
        const packet = voice[spoken];
        if (!packet || packet.timestamp > until) return;
        await audioSource.add(packet, audioMeta);
      }
    };
    for (const packet of pictures) {
      await videoSource.add(packet, { decoderConfig: videoConfig });
      await speakUntil(packet.timestamp);
    }
    await speakUntil(Infinity);
    at += length;
    takeMs.push(Math.round(length * 1000));
  }
  if (at === 0) throw new TakesEmpty();
  await output.finalize();
  return {
    blob: new Blob([target.buffer ?? new ArrayBuffer(0)], {
      type: webm ? 'video/webm' : 'video/mp4',
    }),
    durationMs: Math.round(at * 1000),
    takeMs,
  };
}
