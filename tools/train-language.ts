import { writeFileSync } from 'node:fs';
import { seededRandom } from '../src/base/random.ts';
import { accuracyOf, confidentShare, snippetsOf } from './language/accuracy.ts';
import { classifier, modelFolder } from './language/classifier.ts';
import { type Declaration, declarationsIn, foreignDeclarations } from './language/declarations.ts';
import { everydaySentences, noLanguage } from './language/sentences.ts';
import { type TrainingPlan, train } from './language/train.ts';
import { shuffled } from './shuffled.ts';

const plan: TrainingPlan = {
  snippets: 100_000,
  shortest: 20,
  longest: 120,
  firstLearningRate: 0.5,
  foreignShare: 0.15,
  gibberishShare: 0.15,
  mostDropped: 0.6,
};
const testedLengths = [20, 40, 80];
const testedSnippets = 500;

/**
 * Trains the model of the example `examples/language`, writes its weights and prints how accurate they are. Run it from the
 * root of the repository. The same seed gives the same file, so that the file in the repository can be verified.
 */
function main(): void {
  const random = seededRandom('language');
  const { languages } = classifier;
  const own = declarationsIn(languages);
  const foreign = foreignDeclarations(languages);

  const startedAt = performance.now();
  const weights = train({ own, foreign }, plan, random.fork('training'));
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  writeFileSync(`${modelFolder}/weights.bin`, weights);
  console.log(`${modelFolder}/weights.bin: ${weights.length} bytes, trained in ${seconds} s`);

  const testing = random.fork('testing');
  const heldOut = ({ heldOut }: Declaration, length: number) =>
    snippetsOf(heldOut, length, testedSnippets, testing);

  console.log('Right answers in held-out articles, in brackets those with a confidence of 0.8 or more:');
  for (const length of testedLengths) {
    const cells = own.map((declaration, index) =>
      accuracyCell(weights, languages[index] as string, heldOut(declaration, length)),
    );
    console.log(`  ${length} characters: ${cells.join(', ')}`);
  }
  const cells = languages.map((language) =>
    accuracyCell(weights, language, everydaySentences[language] ?? []),
  );
  console.log(`  everyday sentences: ${cells.join(', ')}`);

  console.log('Confident answers to text in no language of the model:');
  for (const length of testedLengths) {
    const cells = foreign.heldOut.map((declaration) => {
      return `${declaration.code} ${percent(confidentShare(weights, heldOut(declaration, length)))}`;
    });
    console.log(`  ${length} characters: ${cells.join(', ')}`);
  }
  const scrambled = own.flatMap((declaration) =>
    heldOut(declaration, 40).map((snippet) => shuffled([...snippet], testing).join('')),
  );
  console.log(`  scrambled letters: ${percent(confidentShare(weights, scrambled))}`);
  console.log(`  other text: ${percent(confidentShare(weights, noLanguage))}`);
}

function accuracyCell(weights: Int8Array, language: string, texts: readonly string[]): string {
  const { right, rightAndConfident } = accuracyOf(weights, language, texts);
  return `${language} ${percent(right)} (${percent(rightAndConfident)})`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

main();
