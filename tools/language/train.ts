import type { Random } from '../../src/base/random.ts';
import { classifier, type Features } from './classifier.ts';
import type { Declaration, ForeignDeclarations } from './declarations.ts';
import { below, gibberish, oneOf, snippetOf } from './snippets.ts';

export interface TrainingPlan {
  readonly snippets: number;
  readonly shortest: number;
  readonly longest: number;
  /** Decreases to 0. */
  readonly firstLearningRate: number;
  /** The share of snippets in no language of the model: a larger one makes the model less confident in all text. */
  readonly foreignShare: number;
  /** The part of the foreign share that is in no language at all. */
  readonly gibberishShare: number;
  /**
   * Up to this share of the n-grams of a snippet is left out. The model learns to decide from few n-grams, as in sentences
   * with words that the declaration does not contain.
   */
  readonly mostDropped: number;
}

interface Corpus {
  /** One per class, in order. */
  readonly own: readonly Declaration[];
  readonly foreign: ForeignDeclarations;
}

interface Example {
  readonly label: number;
  readonly text: string;
}

/** Trains logistic regression, and returns the weights in steps of `weightStep`. */
export function train(corpus: Corpus, plan: TrainingPlan, random: Random): Int8Array {
  const classes = corpus.own.length + 1;
  const weights = new Float64Array(classifier.bucketCount * classes);
  const squares = new Float64Array(weights.length);

  for (let index = 0; index < plan.snippets; index++) {
    const { label, text } = exampleOf(corpus, plan, random);
    const features = thinned(classifier.featuresOf(text), plan.mostDropped, random);
    const slopes = classifier.probabilitiesOf(features, (at) => weights[at] as number);
    slopes[label] = (slopes[label] as number) - 1;
    // AdaGrad (Duchi et al., https://jmlr.org/papers/v12/duchi11a.html): rare n-grams take larger steps.
    const learningRate = plan.firstLearningRate * (1 - index / plan.snippets);
    for (const [bucket, value] of features) {
      for (const [column, slope] of slopes.entries()) {
        const at = bucket * classes + column;
        const gradient = slope * value;
        if (gradient === 0) continue;
        const square = (squares[at] as number) + gradient ** 2;
        squares[at] = square;
        weights[at] = (weights[at] as number) - (learningRate * gradient) / Math.sqrt(square);
      }
    }
  }
  return Int8Array.from(weights, inSteps);
}

function exampleOf({ own, foreign }: Corpus, plan: TrainingPlan, random: Random): Example {
  const length = plan.shortest + below(plan.longest - plan.shortest + 1, random);
  if (random.unit() >= plan.foreignShare) {
    const label = below(own.length, random);
    return { label, text: snippetOf((own[label] as Declaration).training, length, random) };
  }
  const label = own.length;
  if (random.unit() < plan.gibberishShare) return { label, text: gibberish(length, random) };
  const { training } = oneOf(oneOf([foreign.all, foreign.european], random), random);
  return { label, text: snippetOf(training, length, random) };
}

function thinned(features: Features, mostDropped: number, random: Random): Features {
  const dropped = random.unit() * mostDropped;
  return new Map(
    [...features].filter(([bucket]) => bucket === classifier.biasBucket || random.unit() >= dropped),
  );
}

function inSteps(weight: number): number {
  return Math.max(-127, Math.min(127, Math.round(weight / classifier.weightStep)));
}
