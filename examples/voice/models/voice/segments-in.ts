/** A part of a sound. */
interface Segment {
  startMs: number;
  endMs: number;
}

/** Speech begins with a frame of this chance, and ends when the chance has been lower than the second one for a while. */
const BEGINS = 0.5;
const ENDS = 0.35;
const SILENCE_MS = 100;
/** Anything shorter is a noise. */
const SHORTEST_MS = 250;
/** The first and the last sound of a word are quiet. */
const PAD_MS = 30;

/** The parts in which a person speaks, from the chance of each frame. */
export function segmentsIn(chances: readonly number[], frameMs: number): Segment[] {
  const segments: Segment[] = [];
  let speech: Segment | undefined;
  let isQuiet = false;
  chances.forEach((chance, frame) => {
    const atMs = frame * frameMs;
    if (chance >= BEGINS) isQuiet = false;
    if (chance < ENDS) isQuiet = true;
    if (speech === undefined && chance >= BEGINS) {
      speech = { startMs: atMs, endMs: atMs };
      segments.push(speech);
    }
    if (speech === undefined) return;
    if (!isQuiet) speech.endMs = atMs + frameMs;
    else if (atMs - speech.endMs >= SILENCE_MS) speech = undefined;
  });
  const wholeMs = chances.length * frameMs;
  return segments
    .filter(({ startMs, endMs }) => endMs - startMs >= SHORTEST_MS)
    .map(({ startMs, endMs }) => ({
      startMs: Math.max(0, startMs - PAD_MS),
      endMs: Math.min(wholeMs, endMs + PAD_MS),
    }));
}
