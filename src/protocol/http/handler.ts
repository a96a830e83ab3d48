/** A request of Node's HTTP server, as Express, Connect and Fastify pass it on. */
export interface RawRequest {
  readonly headers: object;
  readonly socket: object;
}

/** Its answer. */
export interface RawResponse {
  readonly headersSent: boolean;
  writeHead(status: number): unknown;
}

/**
 * Answers a request. With `next`, as Express and Connect give it, a path that is not Galley's is passed on; without it, it
 * is answered with 404. The types are those of no framework, so that a program needs the types of none.
 */
export type Handler = (req: RawRequest, res: RawResponse, next?: () => void) => void;
