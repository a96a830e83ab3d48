import { type Refusal, refuse } from '../../base/errors.ts';
import type { Decision } from '../../observe/decisions/decision.ts';

/** A filter of decisions. */
export interface DecisionQuery {
  readonly model: string | undefined;
  /** undefined for all kinds. */
  readonly kinds: readonly string[] | undefined;
  /** Only decisions with a larger id. */
  readonly since: number;
  readonly limit: number;
}

const DEFAULT_LIMIT = 200;
const WHOLE_NUMBER = /^\d{1,15}$/;
/** The parameter that may be repeated, or hold several values separated by commas. */
const MANY = 'kind';

/** Reads the query parameters of a URL; a repeated parameter arrives as a list. */
export function readDecisionQuery(query: Readonly<Record<string, unknown>>): DecisionQuery | Refusal {
  const { model, kind, since, limit } = query;
  for (const [name, value] of Object.entries({ model, since, limit })) {
    if (value !== undefined && typeof value !== 'string') {
      return refuse(
        'INVALID_INPUT',
        `parameter '${name}' is given more than once, wanted once (only '${MANY}' may be repeated)`,
      );
    }
  }
  for (const [name, value, least] of [
    ['since', since, 0],
    ['limit', limit, 1],
  ] as const) {
    if (value === undefined || (WHOLE_NUMBER.test(String(value)) && Number(value) >= least)) continue;
    return refuse(
      'INVALID_INPUT',
      `parameter '${name}' is '${String(value).slice(0, 40)}', wanted a whole number of at least ${least}`,
    );
  }
  return {
    model: model as string | undefined,
    kinds: kind === undefined ? undefined : [kind].flat().flatMap((each) => String(each).split(',')),
    since: since === undefined ? -1 : Number(since),
    limit: limit === undefined ? DEFAULT_LIMIT : Number(limit),
  };
}

export function isWanted(decision: Decision, { model, kinds, since }: DecisionQuery): boolean {
  if (model !== undefined && decision.model !== model) return false;
  if (kinds !== undefined && !kinds.includes(decision.kind)) return false;
  return decision.id > since;
}
