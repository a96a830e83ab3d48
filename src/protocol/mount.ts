import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type Refusal, refuse } from '../base/errors.ts';
import { type ExchangeTerms, NodeExchange } from './http/node-exchange.ts';
import { sendRefusal } from './http/reply.ts';

/** Answers a request, or passes it on. */
type Route = (exchange: NodeExchange, pass: (() => void) | undefined) => void;

/** Requests that the HTTP server of another application in this process has accepted. Its connections are not ours. */
export class Mount {
  readonly #terms: ExchangeTerms;
  readonly #route: Route;
  readonly #unanswered = new Map<Socket, Set<NodeExchange>>();
  #count = 0;
  #isClosed = false;
  #whenNone: (() => void)[] = [];

  constructor(terms: ExchangeTerms, route: Route) {
    this.#terms = { ...terms, isMounted: true };
    this.#route = route;
  }

  handle(req: IncomingMessage, res: ServerResponse, pass?: () => void): void {
    const refusal = this.#isClosed ? refuse('DRAINING', 'the models are stopped') : whyUnreadable(req);
    if (refusal !== undefined) {
      sendRefusal(res, refusal);
      return;
    }
    const exchange = new NodeExchange(this.#terms, req, res);
    const { socket } = req;
    this.#enter(socket, exchange);
    res.on('close', () => {
      this.#leave(socket, exchange);
      exchange.closed();
    });
    this.#route(
      exchange,
      pass &&
        (() => {
          this.#leave(socket, exchange);
          pass();
        }),
    );
  }

  /** Refuses incomplete requests, and resolves when every answer is sent. */
  async finish(): Promise<void> {
    const draining = refuse('DRAINING', 'the server is shutting down and does not wait for this request');
    for (const exchanges of this.#unanswered.values()) {
      for (const exchange of [...exchanges]) if (!exchange.isComplete) exchange.refuseEarly(draining);
    }
    if (this.#count > 0) await new Promise<void>((resolve) => this.#whenNone.push(resolve));
  }

  /** Refuses all requests from now on. */
  close(): void {
    this.#isClosed = true;
  }

  #enter(socket: Socket, exchange: NodeExchange): void {
    let exchanges = this.#unanswered.get(socket);
    if (exchanges === undefined) {
      exchanges = new Set();
      this.#unanswered.set(socket, exchanges);
      socket.once('close', () => this.#lost(socket));
    }
    exchanges.add(exchange);
    this.#count += 1;
  }

  #leave(socket: Socket, exchange: NodeExchange): void {
    if (this.#unanswered.get(socket)?.delete(exchange) !== true) return;
    this.#count -= 1;
    if (this.#count > 0) return;
    for (const resolve of this.#whenNone.splice(0)) resolve();
  }

  #lost(socket: Socket): void {
    for (const exchange of [...(this.#unanswered.get(socket) ?? [])]) exchange.lose();
    this.#unanswered.delete(socket);
  }
}

/** Another handler has read the body: without this check the request would wait for it until its deadline. */
function whyUnreadable({ readableDidRead, readableEnded, headers }: IncomingMessage): Refusal | undefined {
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
  if (!hasBody || !(readableDidRead || readableEnded)) return undefined;
  return refuse(
    'INTERNAL',
    'the body of this request was read before it came to Galley: mount the handler of Galley before body parsers such as express.json()',
  );
}
