import { UnreadableAnswerError } from '../client/read-answer.ts';

interface AnswerOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: readonly unknown[];
}

const SHOWN_ELEMENTS = 8;
const SHOWN_CLASSES = 3;

/** A summary of an answer: the 3 likeliest classes of an output of probabilities, else its first 8 elements. */
export function summarize(json: unknown, labels: readonly string[] | undefined): string {
  const answer = json as {
    model_name: string;
    model_version: string;
    outputs: readonly AnswerOutput[];
  } | null;
  if (!Array.isArray(answer?.outputs) || !answer.outputs.every(isOutput)) {
    throw new UnreadableAnswerError('it has no outputs with shape and data');
  }
  const head = `${answer.model_name} (version ${answer.model_version})`;
  return [
    head,
    ...(answer.outputs as readonly AnswerOutput[]).flatMap((output) => describeOutput(output, labels)),
  ].join('\n');
}

function isOutput(output: AnswerOutput | null): boolean {
  return Array.isArray(output?.shape) && Array.isArray(output.data);
}

function describeOutput(
  { name, shape, data }: AnswerOutput,
  labels: readonly string[] | undefined,
): string[] {
  const head = `  ${name} [${shape.join(',')}]`;
  const [rows = 1, classes] = shape;
  if (shape.length !== 2 || classes === undefined || classes < 2 || !isDistribution(data, rows)) {
    const shown = data.slice(0, SHOWN_ELEMENTS).map(String).join(', ');
    return [`${head}: ${shown}${data.length > SHOWN_ELEMENTS ? `, … ${data.length} in all` : ''}`];
  }
  return Array.from({ length: rows }, (_, row) => {
    const chances = (data as readonly number[]).slice(row * classes, (row + 1) * classes);
    const best = chances
      .map((chance, index) => ({ chance, label: labels?.[index] ?? String(index) }))
      .sort((a, b) => b.chance - a.chance)
      .slice(0, SHOWN_CLASSES);
    return `${head}: ${best.map(({ chance, label }) => `${label} ${(100 * chance).toFixed(1)} %`).join(', ')}`;
  });
}

/** Whether the rows hold probabilities that add up to 1, within 1 %. */
function isDistribution(data: readonly unknown[], rows: number): boolean {
  if (!data.every((value) => typeof value === 'number' && value >= 0 && value <= 1)) return false;
  const sum = (data as readonly number[]).reduce((all, value) => all + value, 0);
  return Math.abs(sum - rows) < 0.01 * rows;
}
