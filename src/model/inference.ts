import type { Tensor } from '../tensor/tensor.ts';

/** The value of a request parameter: any JSON, with integers beyond 2^53 as BigInt. */
export type Parameter =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly Parameter[]
  | { readonly [name: string]: Parameter };

export type Parameters = Readonly<Record<string, Parameter>>;

/** Receives an answer in parts, as they are made. */
export interface PartReceiver {
  /** No part follows before `next` is called. */
  part(answer: Answer, next: () => void): void;
  /** The replica is lost before the answer was complete. */
  lost(why: string): void;
}

/** One inference request as plain data, independent of the protocol. */
export interface InferenceRequest {
  /** The id from the caller, returned in the answer; empty when there is none. */
  readonly id: string;
  /** In the order of the metadata. */
  readonly inputs: readonly Tensor[];
  /** The parameters for the model, without those of the server (priority, timeout …). */
  readonly parameters: Parameters;
  /** Timeout from the caller; undefined means the setting `timeoutMs` of the model. */
  readonly timeoutMs: number | undefined;
  /** Priority of the protocol, 1 is the most urgent; 0 means the setting of the model. */
  readonly priority: number;
  /** Set where the model answers in parts; the answer that follows has no outputs. */
  readonly parts?: PartReceiver;
}

/** The answer of a model to one request. */
export interface Answer {
  /** In the order of the metadata. */
  readonly outputs: readonly Tensor[];
}

/** Parameters that the model does not read neither distinguish requests nor are sent to it. */
export function withoutParameters(request: InferenceRequest): InferenceRequest {
  for (const _ in request.parameters) return { ...request, parameters: {} };
  return request;
}
