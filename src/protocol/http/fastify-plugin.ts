import type { Handler, RawRequest, RawResponse } from './handler.ts';

/** What the plugin needs of a Fastify instance. */
export interface FastifyScope {
  readonly prefix: string;
  removeAllContentTypeParsers(): unknown;
  addContentTypeParser(
    type: '*',
    parse: (request: unknown, body: unknown, done: (error: null) => void) => void,
  ): unknown;
  all(
    path: string,
    handle: (
      request: { readonly raw: RawRequest },
      reply: { readonly raw: RawResponse; hijack(): unknown },
    ) => unknown,
  ): unknown;
}

/** Gives all requests below the prefix of a scope to a handler, with their bodies unread. */
export function mountIn(scope: FastifyScope, handlerAt: (prefix: string) => Handler): void {
  const handle = handlerAt(scope.prefix);
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser('*', (_request, _body, done) => done(null));
  scope.all('/*', (request, reply) => {
    reply.hijack();
    handle(request.raw, reply.raw);
  });
}
