/**
 * The camera at work: what it sees is drawn, portrait, onto a canvas, and the canvas is recorded.
 *
 * The canvas keeps its size while cameras are changed, so all takes fit together. The audio comes
 * out of a mixer that is never empty: where no voice is wanted it gives silence, so every take has
 * the same tracks. The sound the person films to is only heard, never recorded: the server adds it.
 */
import type { Speed, Take } from './recorder-plan';
import {
  bestRecordingType,
  portraitMiddle,
  recordingSize,
  soundRateWhileFilming,
  videoBitsPerSecond,
} from './recorder-plan';

export type Facing = 'user' | 'environment';

export interface TakeRun {
  take: Take;
  /** Resolves when the last chunk has been handed over. */
  done: Promise<Take>;
}

export interface TakeHooks {
  id: string;
  speed: Speed;
  /** Open the microphone; only where the voice can follow the take's speed. */
  voice: boolean;
  /** Longest time the camera may run. */
  longestMs: number;
  /** Where the sound has to be when the take begins; null: no sound. */
  sound: { url: string; atMs: number } | null;
  chunk: (index: number, blob: Blob) => Promise<void>;
  tick: (filmedMs: number) => void;
}

const CHUNK_MS = 1000;
const KEY_PICTURE_MS = 1000;

/** Chromium knows a key picture interval that the standard's types don't. */
interface RecorderOptions extends MediaRecorderOptions {
  videoKeyFrameIntervalDuration?: number;
}

export function recordingType(): string | null {
  if (typeof MediaRecorder === 'undefined') return null;
  return bestRecordingType((type) => MediaRecorder.isTypeSupported(type));
}

/** Asks this browser's audio encoder; null where there is none. */
export const encoderSupports =
  typeof AudioEncoder === 'undefined'
    ? null
    : async (config: AudioEncoderConfig): Promise<boolean> =>
        (await AudioEncoder.isConfigSupported(config).catch(() => null))?.supported === true;

export class Camera {
  readonly #video = document.createElement('video');
  readonly #context: CanvasRenderingContext2D;
  #stream: MediaStream | null = null;
  #mixer: AudioContext | null = null;
  #voice: GainNode | null = null;
  #voiceSource: MediaStreamAudioSourceNode | null = null;
  #mixed: MediaStreamAudioDestinationNode | null = null;
  #drawing = 0;
  #recorder: MediaRecorder | null = null;
  #stopTake: (() => void) | null = null;
  readonly #sound = new Audio();

  facing: Facing = 'user';
  hasVoice = false;

  constructor(
    readonly canvas: HTMLCanvasElement,
    private size: { width: number; height: number } | null,
    private readonly mime: string,
  ) {
    const context = canvas.getContext('2d', { alpha: false });
    if (!context) throw new Error('no 2d canvas');
    this.#context = context;
    this.#video.muted = true;
    this.#video.playsInline = true;
    this.#sound.preload = 'auto';
  }

  get filmSize(): { width: number; height: number } | null {
    return this.size;
  }

  get filming(): boolean {
    return this.#recorder !== null;
  }

  /** Is a front camera's picture shown: then the person expects a mirror. */
  get mirrored(): boolean {
    const facing = this.#stream?.getVideoTracks()[0]?.getSettings().facingMode;
    return facing === 'user' || (facing === undefined && this.facing === 'user');
  }

  /** @throws DOMException as getUserMedia does */
  async open(facing: Facing): Promise<void> {
    this.#closeStream();
    const video: MediaTrackConstraints = {
      facingMode: facing,
      width: { ideal: 1920 },
      height: { ideal: 1080 },
      frameRate: { ideal: 30, max: 30 },
    };
    const audio: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true };
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video, audio });
    } catch {
      // No microphone, or none allowed: a clip can do without a voice.
      stream = await navigator.mediaDevices.getUserMedia({ video });
    }
    this.#stream = stream;
    this.facing = facing;
    this.hasVoice = stream.getAudioTracks().length > 0;
    this.#video.srcObject = stream;
    await this.#video.play();
    this.size ??= recordingSize(this.#video.videoWidth, this.#video.videoHeight);
    if (this.canvas.width !== this.size.width) this.canvas.width = this.size.width;
    if (this.canvas.height !== this.size.height) this.canvas.height = this.size.height;
    this.#mix(stream);
    this.#draw();
  }

  /** How many cameras there are to change between. */
  async countCameras(): Promise<number> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((device) => device.kind === 'videoinput').length;
  }

  get hasTorch(): boolean {
    const track = this.#stream?.getVideoTracks()[0];
    const abilities = track?.getCapabilities?.() as { torch?: boolean } | undefined;
    return abilities?.torch === true;
  }

  async setTorch(on: boolean): Promise<boolean> {
    try {
      const wish = { advanced: [{ torch: on } as MediaTrackConstraintSet] };
      await this.#stream?.getVideoTracks()[0]?.applyConstraints(wish);
      return on;
    } catch {
      return false;
    }
  }

  /** Films until `stopTake`, the longest time, or the page is hidden. */
  async startTake(hooks: TakeHooks): Promise<TakeRun> {
    if (this.#recorder) throw new Error('a take is running');
    const voiced = hooks.voice && this.hasVoice;
    if (this.#voice) this.#voice.gain.value = voiced ? 1 : 0;
    await this.#mixer?.resume();
    const recorder = this.#newRecorder();
    this.#recorder = recorder;
    const { id, speed } = hooks;
    const take: Take = { id, filmedMs: 0, speed, mime: recorder.mimeType, voiced };
    try {
      if (hooks.sound) await this.#startSound(hooks.sound, hooks.speed);
    } catch {
      // A sound that can't be heard is no reason not to film; it is added all the same.
    }
    return { take, done: this.#film(recorder, take, hooks) };
  }

  stopTake(): void {
    this.#stopTake?.();
  }

  close(): void {
    this.stopTake();
    this.#closeStream();
    this.#sound.pause();
    this.#sound.removeAttribute('src');
    void this.#mixer?.close();
    this.#mixer = null;
  }

  #newRecorder(): MediaRecorder {
    const picture = this.canvas.captureStream(30).getVideoTracks();
    const tracks = [...picture, ...(this.#mixed?.stream.getAudioTracks() ?? [])];
    const options: RecorderOptions = {
      mimeType: this.mime,
      videoBitsPerSecond: videoBitsPerSecond(this.canvas.width, this.canvas.height),
      audioBitsPerSecond: 128_000,
      videoKeyFrameIntervalDuration: KEY_PICTURE_MS,
    };
    return new MediaRecorder(new MediaStream(tracks), options);
  }

  async #film(recorder: MediaRecorder, take: Take, hooks: TakeHooks): Promise<Take> {
    const writes: Promise<void>[] = [];
    let index = 0;
    let startedAt = 0;
    let ticking = 0;
    const ended = new Promise<void>((resolve, reject) => {
      recorder.ondataavailable = (event) => {
        if (event.data.size > 0) writes.push(hooks.chunk(index++, event.data));
      };
      recorder.onerror = () => reject(new Error('recording failed'));
      recorder.onstop = () => resolve();
    });
    const stop = (): void => {
      if (recorder.state === 'inactive') return;
      take.filmedMs = Math.min(performance.now() - startedAt, hooks.longestMs);
      recorder.stop();
      this.#sound.pause();
    };
    this.#stopTake = stop;
    const hidden = (): void => {
      if (document.hidden) stop();
    };
    document.addEventListener('visibilitychange', hidden);
    try {
      recorder.start(CHUNK_MS);
      startedAt = performance.now();
      ticking = window.setInterval(() => {
        const filmedMs = performance.now() - startedAt;
        hooks.tick(Math.min(filmedMs, hooks.longestMs));
        if (filmedMs >= hooks.longestMs) stop();
      }, 50);
      await ended;
      await Promise.all(writes);
      return take;
    } finally {
      clearInterval(ticking);
      document.removeEventListener('visibilitychange', hidden);
      for (const track of recorder.stream.getVideoTracks()) track.stop();
      this.#sound.pause();
      this.#recorder = null;
      this.#stopTake = null;
    }
  }

  async #startSound(sound: { url: string; atMs: number }, speed: Speed): Promise<void> {
    const address = new URL(sound.url, location.href).href;
    if (this.#sound.src !== address) this.#sound.src = address;
    this.#sound.playbackRate = soundRateWhileFilming(speed);
    if (Math.abs(this.#sound.currentTime - sound.atMs / 1000) > 0.01) {
      this.#sound.currentTime = sound.atMs / 1000;
    }
    await Promise.race([
      this.#sound.play(),
      new Promise((_, reject) => setTimeout(() => reject(new Error('slow sound')), 4000)),
    ]);
  }

  #mix(stream: MediaStream): void {
    if (!this.#mixer) {
      this.#mixer = new AudioContext({ sampleRate: 48_000 });
      this.#mixed = this.#mixer.createMediaStreamDestination();
      this.#voice = this.#mixer.createGain();
      this.#voice.connect(this.#mixed);
      const silence = this.#mixer.createConstantSource();
      const nothing = this.#mixer.createGain();
      nothing.gain.value = 0;
      silence.connect(nothing).connect(this.#mixed);
      silence.start();
    }
    this.#voiceSource?.disconnect();
    this.#voiceSource = null;
    if (this.hasVoice && this.#voice) {
      this.#voiceSource = this.#mixer.createMediaStreamSource(stream);
      this.#voiceSource.connect(this.#voice);
    }
  }

  #draw(): void {
    const drawing = ++this.#drawing;
    const video = this.#video;
    const again = (): void => {
      if (drawing !== this.#drawing) return;
      if (video.videoWidth > 0) {
        const cut = portraitMiddle(video.videoWidth, video.videoHeight);
        const { width, height } = this.canvas;
        this.#context.drawImage(video, cut.x, cut.y, cut.width, cut.height, 0, 0, width, height);
      }
      if ('requestVideoFrameCallback' in video) video.requestVideoFrameCallback(again);
      else requestAnimationFrame(again);
    };
    again();
  }

  #closeStream(): void {
    this.#drawing += 1;
    for (const track of this.#stream?.getTracks() ?? []) track.stop();
    this.#stream = null;
    this.#video.srcObject = null;
  }
}
