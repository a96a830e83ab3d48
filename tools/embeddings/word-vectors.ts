/** Words in the order of their frequency, most frequent first, each with its vector. */
export interface WordVectors {
  readonly words: readonly string[];
  readonly dimensions: number;
  /** One row per word. */
  readonly values: Float32Array;
}

/** Words that make up a larger share of all text than this count little. */
const RARITY = 1e-4;
/** Directions that most words share say nothing about their meaning. */
const COMMON_DIRECTIONS = 4;
const POWER_ITERATIONS = 60;

/**
 * Vectors whose mean over a sentence stands for its meaning: without what all words have in common, and weighted by the
 * rarity of the word ("A Simple but Tough-to-Beat Baseline for Sentence Embeddings", Arora et al., 2017). The rank of a
 * word stands for its frequency, by Zipf's law.
 */
export function sentenceVectors({ words, dimensions, values }: WordVectors): WordVectors {
  const rows = Array.from(words, (_, row) => values.slice(row * dimensions, (row + 1) * dimensions));
  const mean = new Float64Array(dimensions);
  for (const row of rows) addTo(mean, row, 1 / rows.length);
  for (const row of rows) addTo(row, mean, -1);
  for (let direction = 0; direction < COMMON_DIRECTIONS; direction++) {
    const common = mainDirection(rows, dimensions);
    for (const row of rows) addTo(row, common, -dot(row, common));
  }
  const sum = words.reduce((total, _, rank) => total + 1 / (rank + 1), 0);
  const weighted = new Float32Array(values.length);
  for (const [rank, row] of rows.entries()) {
    const weight = RARITY / (RARITY + 1 / (rank + 1) / sum);
    weighted.set(
      row.map((value) => value * weight),
      rank * dimensions,
    );
  }
  return { words, dimensions, values: weighted };
}

/** The direction in which the rows vary most, of length 1. */
function mainDirection(rows: readonly Float32Array[], dimensions: number): Float64Array {
  let direction = Float64Array.from({ length: dimensions }, (_, axis) => 1 / (axis + 1));
  for (let round = 0; round < POWER_ITERATIONS; round++) {
    const next = new Float64Array(dimensions);
    for (const row of rows) addTo(next, row, dot(row, direction));
    const length = Math.sqrt(dot(next, next));
    direction = next.map((value) => value / length);
  }
  return direction;
}

type Numbers = Float32Array | Float64Array;

function dot(a: Numbers, b: Numbers): number {
  let sum = 0;
  for (let axis = 0; axis < a.length; axis++) sum += (a[axis] as number) * (b[axis] as number);
  return sum;
}

function addTo(sum: Numbers, what: Numbers, times: number): void {
  for (let axis = 0; axis < sum.length; axis++) {
    sum[axis] = (sum[axis] as number) + times * (what[axis] as number);
  }
}
