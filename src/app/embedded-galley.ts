import type { InferOptions } from '../gateway/infer-options.ts';
import type { NamedInputs, NamedOutputs } from '../model/named-tensors.ts';
import type { InputsFor, OutputsFor, TensorDeclaration } from '../model/typed-tensors.ts';
import { type FastifyScope, mountIn } from '../protocol/http/fastify-plugin.ts';
import type { Handler } from '../protocol/http/handler.ts';
import { underPrefix } from '../protocol/http/under-prefix.ts';
import type { Mount } from '../protocol/mount.ts';
import type { HttpFrontend } from './frontend/http-frontend.ts';
import type { Galley, ModelHandle } from './galley.ts';
import type { GalleyServer } from './server.ts';

/** The parts of a started server that its program uses. */
type Started = Pick<GalleyServer, 'health' | 'stop'> & { readonly front: HttpFrontend };

/** A server without a port, for the code of the process that started it. */
export class EmbeddedGalley implements Galley {
  readonly handler: Handler;
  readonly fastify: (scope: FastifyScope) => Promise<void>;
  readonly #server: Started;

  constructor(server: Started) {
    const { mount } = server.front;
    this.#server = server;
    this.handler = handlerOf(mount.handle.bind(mount));
    this.fastify = async (scope) => mountIn(scope, (prefix) => this.handlerAt(prefix));
  }

  get ready(): boolean {
    return this.whyNotReady === undefined;
  }

  get whyNotReady(): string | undefined {
    return this.#server.health.whyNotReady();
  }

  async infer(target: string, inputs: NamedInputs, options?: InferOptions): Promise<NamedOutputs> {
    return this.#server.front.calls.infer(target, inputs, options);
  }

  model<D extends TensorDeclaration>(name: string): ModelHandle<D> {
    const { calls } = this.#server.front;
    return {
      infer: async (inputs: InputsFor<D>, options?: InferOptions) =>
        (await calls.infer(name, inputs as NamedInputs, options)) as OutputsFor<D>,
    };
  }

  handlerAt(prefix: string): Handler {
    const { mount } = this.#server.front;
    return handlerOf(underPrefix(prefix, mount.handle.bind(mount)));
  }

  async metrics(): Promise<string> {
    return this.#server.front.renderMetrics();
  }

  async close(): Promise<void> {
    return this.#server.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The same under the types of no framework: what is passed in is always a request of Node. */
function handlerOf(handle: Mount['handle']): Handler {
  return handle as unknown as Handler;
}
