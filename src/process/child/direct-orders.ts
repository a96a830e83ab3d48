import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { type RunOrder, SHARED, type ToCompute } from '../wire/compute-messages.ts';
import { DIRECT_FD } from '../wire/direct-pipe.ts';
import { FLAG, KIND } from '../wire/wire.ts';
import { DirectReader } from './direct-reader.ts';

/** The next order of the gateway; undefined when the gateway is gone. */
export type NextOrder = RunOrder | 'unload' | undefined;

/** The orders of the gateway in the order in which it gave them. It blocks its thread while there are none. */
export class DirectOrders {
  readonly #port: MessagePort;
  readonly #shared: Int32Array;
  readonly #onCancel: (message: Extract<ToCompute, { readonly kind: 'cancel' }>) => void;
  readonly #reader = new DirectReader(DIRECT_FD);
  /** Batches that have come through the main thread. */
  readonly #large = new Map<number, RunOrder>();

  /** `port` and `shared` lead to the main thread of the replica. */
  constructor(
    port: MessagePort,
    shared: Int32Array,
    onCancel: (message: Extract<ToCompute, { readonly kind: 'cancel' }>) => void,
  ) {
    this.#port = port;
    this.#shared = shared;
    this.#onCancel = onCancel;
  }

  next(): NextOrder {
    const frame = this.#reader.next();
    this.#takeMessages();
    if (frame === undefined) return undefined;
    if (frame.kind !== KIND.RUN) return 'unload';
    const { incarnation, batch, flags, meta, payload } = frame;
    if ((flags & FLAG.BY_REFERENCE) !== 0) return this.#largeBatch(batch);
    return { kind: 'run', incarnation, batch, flags, meta, payload };
  }

  /** A message of the main thread. */
  receive(message: ToCompute): void {
    if (message.kind === 'run') this.#large.set(message.batch, message);
    else if (message.kind === 'cancel') this.#onCancel(message);
  }

  #takeMessages(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#port) as { readonly message: ToCompute } | undefined;
      if (received === undefined) return;
      this.receive(received.message);
    }
  }

  #largeBatch(batch: number): RunOrder {
    for (;;) {
      const seen = Atomics.load(this.#shared, SHARED.messages);
      this.#takeMessages();
      const order = this.#large.get(batch);
      if (order !== undefined) {
        this.#large.delete(batch);
        return order;
      }
      Atomics.wait(this.#shared, SHARED.messages, seen);
    }
  }
}
