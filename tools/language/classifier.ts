/** Bucket of n-grams → share in the text. */
export type Features = ReadonlyMap<number, number>;

interface Classifier {
  readonly languages: readonly string[];
  readonly weightStep: number;
  readonly biasBucket: number;
  readonly bucketCount: number;
  languageOf(
    text: string,
    weights: ArrayLike<number>,
  ): { readonly language: string; readonly confidence: number };
  featuresOf(text: string): Features;
  probabilitiesOf(features: Features, weightAt: (index: number) => number): number[];
  ngramsOf(text: string): Iterable<string>;
}

export const modelFolder = 'examples/language/models/language/1';

/** The part of the example model that the training shares. It is JavaScript, as what users write. */
export const classifier = (await import(
  new URL(`../../../${modelFolder}/classifier.js`, import.meta.url).href
)) as Classifier;
