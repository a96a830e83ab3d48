/** The languages that the model tells apart. The weights have one more class, for all other text. */
export const languages = ['en', 'de', 'fr', 'es', 'it', 'nl'];

/** Weights are stored as whole numbers of this step. */
export const weightStep = 1 / 16;

/** The feature that every text has. The others are the n-grams, each in the bucket that its hash says. */
export const biasBucket = 0;
export const bucketCount = 1 + 2 ** 14;

const longestNgram = 3;

/** The most likely language of a text, and its probability. Text in no such language has a low confidence. */
export function languageOf(text, weights) {
  const probabilities = probabilitiesOf(featuresOf(text), (index) => weights[index] * weightStep);
  const candidates = probabilities.slice(0, languages.length);
  const confidence = Math.max(...candidates);
  return { language: languages[candidates.indexOf(confidence)], confidence };
}

/**
 * How often the text contains n-grams of each bucket, scaled to a vector of length 1: the bias counts as much in a long
 * text as in a short one.
 */
export function featuresOf(text) {
  const counts = new Map();
  for (const ngram of ngramsOf(text)) {
    const bucket = 1 + (hashOf(ngram) % (bucketCount - 1));
    counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
  }
  const length = Math.hypot(...counts.values());
  const features = new Map([[biasBucket, 1]]);
  for (const [bucket, count] of counts) features.set(bucket, count / length);
  return features;
}

/** The softmax of one weighted sum per class. The weights of one bucket for all classes follow each other. */
export function probabilitiesOf(features, weightAt) {
  const classes = languages.length + 1;
  const scores = new Array(classes).fill(0);
  for (const [bucket, value] of features) {
    for (let each = 0; each < classes; each++) scores[each] += value * weightAt(bucket * classes + each);
  }
  const greatest = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - greatest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/** One to three characters in a row, in words of lower case; `_` marks the borders of a word. */
export function* ngramsOf(text) {
  for (const [word] of text
    .normalize('NFKC')
    .toLowerCase()
    .matchAll(/[\p{L}\p{M}]+/gu)) {
    const characters = [...`_${word}_`];
    for (let length = 1; length <= longestNgram; length++) {
      for (let start = 0; start + length <= characters.length; start++) {
        yield characters.slice(start, start + length).join('');
      }
    }
  }
}

/** FNV-1a, with the upper bits mixed into the lower ones. */
function hashOf(text) {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}
