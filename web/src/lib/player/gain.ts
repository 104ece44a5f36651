/**
 * Loudness: a clip says by how many decibels it should be turned to sound as loud as the others.
 * Turning down is the element's own volume; turning up needs an audio graph, made only when asked
 * for and only after a gesture has let this page make sound.
 */
let context: AudioContext | null = null;
const nodes = new WeakMap<HTMLMediaElement, GainNode>();
/** More than this would bring up noise, and clip. */
const MOST_DB = 9;
const UNHEARD_DB = 0.75;

export function factorOf(gainDb: number): number {
  return 10 ** (Math.min(gainDb, MOST_DB) / 20);
}

export function applyGain(video: HTMLVideoElement, gainDb: number, audible: boolean): void {
  const factor = factorOf(gainDb);
  const node = nodes.get(video);
  if (node) {
    node.gain.value = factor;
    video.volume = 1;
    return;
  }
  video.volume = Math.min(1, factor);
  if (gainDb < UNHEARD_DB || !audible || !navigator.userActivation?.hasBeenActive) return;
  context ??= new AudioContext();
  if (context.state !== 'running') {
    void context.resume();
    return;
  }
  const gain = context.createGain();
  context.createMediaElementSource(video).connect(gain).connect(context.destination);
  gain.gain.value = factor;
  nodes.set(video, gain);
}
