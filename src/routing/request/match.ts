import type { MatchSettings } from '../../config/route-settings.ts';
import { fitsShape } from '../../model/check-inputs.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import { elementCount, type Tensor } from '../../tensor/tensor.ts';
import { firstElementText } from './element-text.ts';
import { compileExpression, type Expression } from './expression.ts';
import { textOf } from './key-source.ts';
import { headerOf, type RequestView } from './request-view.ts';

/** One condition of a rule. */
export interface Condition {
  /** What is compared, in words, such as `header content-language`. */
  readonly subject: string;
  /** undefined: the subject must only be there. */
  readonly expression: Expression | undefined;
  readonly needsBody: boolean;
  holds(view: RequestView): boolean;
  /** What the request has there, as text. */
  cameIn(view: RequestView): string | undefined;
}

/** The compiled conditions of a rule; those that need no body come first. */
export type Match = readonly Condition[];

/** Content is compared only in inputs of at most this size. */
const LARGEST_COMPARED_BYTES = 4096;

export function compileMatch(settings: MatchSettings): Match {
  const { name, header = {}, tenant, version, parameter = {}, input } = settings;
  return [
    ...early('name', name, (view) => view.name),
    ...Object.entries(header).flatMap(([field, wanted]) => {
      const lower = field.toLowerCase();
      return early(`header ${lower}`, wanted, (view) => headerOf(view, lower));
    }),
    ...early('tenant', tenant, (view) => view.tenant),
    ...early('version', version, (view) => view.version),
    ...Object.entries(parameter).map(([field, wanted]) =>
      condition(`parameter ${field}`, wanted, ({ request }) => textOf(request?.parameters[field])),
    ),
    ...(input === undefined ? [] : inputConditions(input)),
  ];
}

/** Whether the rule applies; undefined when that depends on a body that is not read yet. */
export function isMatch(match: Match, view: RequestView): boolean | undefined {
  for (const condition of match) {
    if (condition.needsBody && view.request === undefined) return undefined;
    if (!condition.holds(view)) return false;
  }
  return true;
}

function early(
  subject: string,
  wanted: string | undefined,
  textIn: (view: RequestView) => string | undefined,
): Condition[] {
  return wanted === undefined ? [] : [{ ...condition(subject, wanted, textIn), needsBody: false }];
}

function condition(
  subject: string,
  wanted: string,
  textIn: (view: RequestView) => string | undefined,
): Condition {
  const expression = compileExpression(wanted);
  return {
    ...{ subject, expression, needsBody: true },
    holds: (view) => {
      const value = textIn(view);
      return value !== undefined && expression.matches(value);
    },
    cameIn: textIn,
  };
}

function inputConditions({ name, datatype, shape, value }: NonNullable<MatchSettings['input']>): Condition[] {
  const of = (subject: string, holds: (tensor: Tensor) => boolean): Condition => ({
    ...{ subject, expression: undefined, needsBody: true },
    holds: ({ request }) => {
      const tensor = inputOf(request, name);
      return tensor !== undefined && holds(tensor);
    },
    cameIn: ({ request }) => {
      const tensor = inputOf(request, name);
      return tensor && `${tensor.datatype}[${tensor.shape.join(',')}]`;
    },
  });
  return [
    of(`input ${name}`, () => true),
    ...(datatype === undefined
      ? []
      : [of(`input ${name} of datatype ${datatype}`, (tensor) => tensor.datatype === datatype)]),
    ...(shape === undefined
      ? []
      : [of(`input ${name} of shape [${shape.join(',')}]`, (tensor) => fitsShape(tensor.shape, shape))]),
    ...(value === undefined
      ? []
      : [condition(`first element of input ${name}`, value, ({ request }) => contentOf(request, name))]),
  ];
}

function inputOf(request: InferenceRequest | undefined, name: string): Tensor | undefined {
  return request?.inputs.find((input) => input.name === name);
}

function contentOf(request: InferenceRequest | undefined, name: string): string | undefined {
  const tensor = inputOf(request, name);
  if (tensor === undefined || tensor.data.byteLength > LARGEST_COMPARED_BYTES) return undefined;
  return elementCount(tensor.shape) === 0 ? undefined : firstElementText(tensor);
}
