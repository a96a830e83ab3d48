import type { PRIORITIES } from '../config/priority-names.ts';
import type { Parameters } from '../model/inference.ts';

/** Options of a call. */
export interface InferOptions {
  /** Default: the highest ready version. */
  readonly version?: string | number;
  /** Ends the call with the code `CANCELLED`; what waits for a replica or runs is cancelled. */
  readonly signal?: AbortSignal;
  /** Default: the setting `timeoutMs` of the model. */
  readonly timeoutMs?: number;
  /** Default: the setting `priority` of the model. */
  readonly priority?: (typeof PRIORITIES)[number];
  /** The tenant that the call counts for; it needs no key. */
  readonly tenant?: string;
  /** Header fields for the rules of routes, by lower-case name. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Parameters for a model that reads them. */
  readonly parameters?: Parameters;
}
