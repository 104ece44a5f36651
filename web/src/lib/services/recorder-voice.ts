/**
 * The voice of a take at the take's own pace.
 *
 * Encoded sound can't be stretched, so it is decoded, played faster or slower (its pitch goes along,
 * as on a record player) and encoded again with the same codec. Browsers without an audio encoder
 * keep the microphone off at such speeds.
 */
import { EncodedPacket } from 'mediabunny';

export interface VoiceFormat {
  codec: 'opus' | 'aac';
  sampleRate: number;
  numberOfChannels: number;
}

const BITS_PER_SECOND = 96_000;
const PIECE_FRAMES = 48_000;

function encoderConfig(format: VoiceFormat): AudioEncoderConfig {
  return {
    codec: format.codec === 'opus' ? 'opus' : 'mp4a.40.2',
    sampleRate: format.sampleRate,
    numberOfChannels: format.numberOfChannels,
    bitrate: BITS_PER_SECOND,
  };
}

async function atPace(blob: Blob, speed: number, format: VoiceFormat): Promise<AudioBuffer> {
  const { numberOfChannels, sampleRate } = format;
  const decoder = new OfflineAudioContext(numberOfChannels, 1, sampleRate);
  const heard = await decoder.decodeAudioData(await blob.arrayBuffer());
  const frames = Math.max(1, Math.round((heard.duration / speed) * sampleRate));
  const studio = new OfflineAudioContext(numberOfChannels, frames, sampleRate);
  const source = studio.createBufferSource();
  source.buffer = heard;
  source.playbackRate.value = speed;
  source.connect(studio.destination);
  source.start();
  return await studio.startRendering();
}

/** One after the other, all channels of a piece: how an encoder takes it. */
function piece(sound: AudioBuffer, from: number, frames: number): AudioData {
  const planes = new Float32Array(frames * sound.numberOfChannels);
  for (let channel = 0; channel < sound.numberOfChannels; channel += 1) {
    const samples = sound.getChannelData(channel).subarray(from, from + frames);
    planes.set(samples, channel * frames);
  }
  return new AudioData({
    format: 'f32-planar',
    sampleRate: sound.sampleRate,
    numberOfFrames: frames,
    numberOfChannels: sound.numberOfChannels,
    timestamp: Math.round((from / sound.sampleRate) * 1e6),
    data: planes,
  });
}

async function encode(sound: AudioBuffer, format: VoiceFormat): Promise<EncodedPacket[]> {
  const packets: EncodedPacket[] = [];
  let failure: unknown = null;
  const encoder = new AudioEncoder({
    output: (chunk) => packets.push(EncodedPacket.fromEncodedChunk(chunk)),
    error: (error) => (failure = error),
  });
  encoder.configure(encoderConfig(format));
  for (let from = 0; from < sound.length; from += PIECE_FRAMES) {
    const data = piece(sound, from, Math.min(PIECE_FRAMES, sound.length - from));
    encoder.encode(data);
    data.close();
  }
  await encoder.flush();
  encoder.close();
  if (failure !== null) throw failure as Error;
  return packets;
}

/** The take's sound, as long as the take is shown; null where this browser can't make it. */
export async function voiceAtPace(
  blob: Blob,
  speed: number,
  format: VoiceFormat,
): Promise<EncodedPacket[] | null> {
  if (typeof AudioEncoder === 'undefined') return null;
  try {
    return await encode(await atPace(blob, speed, format), format);
  } catch {
    return null;
  }
}
