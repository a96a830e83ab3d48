import type { Tensor } from '../tensor/tensor.ts';

/** A value that a caller may attach to a request for the model to read: any JSON, integers beyond 2^53 as BigInt. */
export type Parameter =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Parameter[]
  | { readonly [name: string]: Parameter };

export type Parameters = Readonly<Record<string, Parameter>>;

/** One inference call as plain data, whichever protocol brought it. */
export interface InferenceRequest {
  /** The caller's own, echoed in the answer; empty when none came. */
  readonly id: string;
  /** In the order of the model's metadata. */
  readonly inputs: readonly Tensor[];
  /** Those the model may read; the server's own (priority, timeout …) are already taken out. */
  readonly parameters: Parameters;
  /** How long the caller wants to wait; undefined leaves it to the model's `timeoutMs`. */
  readonly timeoutMs: number | undefined;
  /** The protocol's number, 1 the most urgent; 0 leaves it to the model. */
  readonly priority: number;
}

/** What a model made of one request. */
export interface Answer {
  /** In the order of the model's metadata. */
  readonly outputs: readonly Tensor[];
}
