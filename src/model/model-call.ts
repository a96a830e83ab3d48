import type { Datatype } from '../tensor/datatype.ts';
import type { Tensor, TensorArray } from '../tensor/tensor.ts';
import type { Parameters } from './inference.ts';

/** What a model asks of another one. */
export interface ModelCall {
  /** A model (`digits`), a version of it (`digits/2`), or a route. */
  readonly model: string;
  readonly inputs: readonly Tensor[];
  readonly parameters: Parameters;
  /** undefined: only the deadline of the request that it is part of. */
  readonly timeoutMs: number | undefined;
}

/** An input of a call: a typed array, texts, or plain numbers together with their datatype. */
export interface CallInput {
  readonly shape: readonly number[];
  readonly data: TensorArray | readonly (number | bigint | boolean)[] | readonly (Uint8Array | string)[];
  /** Default: the datatype that the typed array usually holds, BYTES for texts. Halves need it. */
  readonly datatype?: Datatype;
}

/** Options of a call. */
export interface CallOptions {
  /** Ends the call earlier than the deadline of the request. */
  readonly timeoutMs?: number;
  /** Parameters for the called model. */
  readonly parameters?: Parameters;
}

/** An output of a call. */
export interface CallOutput {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** A typed array of the datatype; one Uint8Array per element for BYTES. */
  readonly data: TensorArray | readonly Uint8Array[];
}

/**
 * Asks another model of the server and resolves with its outputs by name. Rejects with an error that has a `code`, such
 * as `DEADLINE_QUEUED`, when the call is refused.
 */
export type Infer = (
  model: string,
  inputs: Readonly<Record<string, CallInput>>,
  options?: CallOptions,
) => Promise<Record<string, CallOutput>>;
