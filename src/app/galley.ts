/// <reference lib="esnext.disposable" preserve="true" />
import type { InferOptions } from '../gateway/infer-options.ts';
import type { NamedInputs, NamedOutputs } from '../model/named-tensors.ts';
import type { InputsFor, OutputsFor, TensorDeclaration } from '../model/typed-tensors.ts';
import type { FastifyScope } from '../protocol/http/fastify-plugin.ts';
import type { Handler } from '../protocol/http/handler.ts';

/** A model whose calls are typed by its declaration. */
export interface ModelHandle<D extends TensorDeclaration> {
  /** Rejects with a GalleyError. */
  infer(inputs: InputsFor<D>, options?: InferOptions): Promise<OutputsFor<D>>;
}

/** Models in processes of their own, served to the code of this process and under the paths of its HTTP server. */
export interface Galley {
  /** Whether every required model can be called. */
  readonly ready: boolean;
  /** Why it is not ready; undefined when it is. */
  readonly whyNotReady: string | undefined;
  /** Answers the paths of Galley, without a prefix: for `http.createServer`, and for `app.use('/models', …)` of Express. */
  readonly handler: Handler;
  /** A plugin for Fastify: `app.register(galley.fastify, { prefix: '/models' })`. */
  readonly fastify: (scope: FastifyScope) => Promise<void>;
  /**
   * Calls a model or a route. Rejects with a GalleyError. It reads the arrays of `inputs` until the promise settles, and
   * after an abort or a timeout perhaps longer: do not write to them.
   */
  infer(target: string, inputs: NamedInputs, options?: InferOptions): Promise<NamedOutputs>;
  /** The same for one model; the type is that of its definition: `galley.model<typeof definition>('digits')`. */
  model<D extends TensorDeclaration>(name: string): ModelHandle<D>;
  /** Like `handler`, for a server that does not cut the prefix off the path. */
  handlerAt(prefix: string): Handler;
  /** All metrics in the text format of Prometheus. */
  metrics(): Promise<string>;
  /** Refuses new calls, finishes admitted ones within `shutdown.gracePeriodMs`, and ends all processes. Idempotent. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
