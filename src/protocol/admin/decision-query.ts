import { type Refusal, refuse } from '../../base/errors.ts';
import type { Decision } from '../../observe/decisions/decision.ts';

/** Which decisions a reader wants. */
export interface DecisionQuery {
  readonly model: string | undefined;
  /** undefined wants all. */
  readonly kinds: readonly string[] | undefined;
  /** Only those with a larger id. */
  readonly since: number;
  readonly limit: number;
}

const DEFAULT_LIMIT = 200;
const WHOLE_NUMBER = /^\d{1,15}$/;
/** Parameters that may stand in the address more than once, or hold several values with commas. */
const MANY = 'kind';

/** Reads the parameters of an address; a parameter that is there twice comes as a list. */
export function readDecisionQuery(query: Readonly<Record<string, unknown>>): DecisionQuery | Refusal {
  const { model, kind, since, limit } = query;
  for (const [name, value] of Object.entries({ model, since, limit })) {
    if (value !== undefined && typeof value !== 'string') {
      return refuse(
        'INVALID_INPUT',
        `'${name}' is there more than once, wanted it once (only '${MANY}' may be)`,
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
      `'${name}' is '${String(value).slice(0, 40)}', wanted a whole number from ${least} on`,
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
