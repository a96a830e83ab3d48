import type { Random } from '../../src/base/random.ts';
import { classifier } from './classifier.ts';
import { snippetOf } from './snippets.ts';

/** The confidence above which an answer counts as confident. */
const confident = 0.8;

/** Shares from 0 to 1. */
export interface Accuracy {
  readonly right: number;
  readonly rightAndConfident: number;
}

export function accuracyOf(weights: ArrayLike<number>, language: string, texts: readonly string[]): Accuracy {
  const answers = texts.map((text) => classifier.languageOf(text, weights));
  const right = answers.filter((answer) => answer.language === language);
  const sure = right.filter(({ confidence }) => confidence >= confident);
  return { right: right.length / texts.length, rightAndConfident: sure.length / texts.length };
}

/** The share of texts in no language of the model that get a confident answer: less is better. */
export function confidentShare(weights: ArrayLike<number>, texts: readonly string[]): number {
  const sure = texts.filter((text) => classifier.languageOf(text, weights).confidence >= confident);
  return sure.length / texts.length;
}

export function snippetsOf(text: string, length: number, count: number, random: Random): readonly string[] {
  return Array.from({ length: count }, () => snippetOf(text, length, random));
}
