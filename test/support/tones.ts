/** Samples of a tone of half the full volume. */
export function tone(hertz: number, sampleRate: number, seconds = 0.1): Float32Array {
  return Float32Array.from(
    { length: sampleRate * seconds },
    (_, at) => 0.5 * Math.sin((2 * Math.PI * hertz * at) / sampleRate),
  );
}
