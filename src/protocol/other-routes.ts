import type { IncomingMessage } from 'node:http';
import fastify, { type FastifyReply } from 'fastify';
import { type Refusal, refuse } from '../base/errors.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import { type AdminPorts, adminRoutes } from './admin/admin-routes.ts';
import { DecisionStream } from './admin/decision-stream.ts';
import { feedbackRoutes } from './feedback-routes.ts';
import { sendRefusal } from './http/reply.ts';
import type { OtherRoutes } from './router.ts';

/** Metrics and admin API, on Fastify: they share the server and the port, and are loaded last. */
export async function makeOtherRoutes(
  ports: AdminPorts & { readonly metrics: Metrics },
): Promise<OtherRoutes> {
  const app = fastify({ logger: false });
  const stream = new DecisionStream(ports.operations.decisions, (at) => ports.operations.wallMs(at));
  const sendRefused = (reply: FastifyReply, refusal: Refusal) => {
    reply.hijack();
    sendRefusal(reply.raw, refusal);
  };
  const passes = new WeakMap<IncomingMessage, () => void>();
  // Before the body is read, which belongs to the next handler.
  app.addHook('onRequest', (request, reply, done) => {
    const pass = request.is404 ? passes.get(request.raw) : undefined;
    if (pass === undefined) {
      done();
      return;
    }
    reply.hijack();
    pass();
  });
  app.setNotFoundHandler((request, reply) => {
    sendRefused(
      reply,
      refuse('NOT_FOUND', `Not Found: this server has no ${request.method} ${request.url.slice(0, 200)}`),
    );
  });
  app.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) => {
    const isCallers = error.statusCode !== undefined && error.statusCode < 500;
    sendRefused(reply, isCallers ? refuse('MALFORMED', error.message) : refuse('INTERNAL', 'internal error'));
  });
  app.get('/metrics', async (_request, reply) => {
    void reply.type('text/plain; version=0.0.4; charset=utf-8');
    return ports.metrics.render();
  });
  feedbackRoutes(app, ports.routes.table, sendRefused);
  // A separate scope binds the guard to these routes, however a client spells their path.
  await app.register(async (admin) => adminRoutes(admin, ports, stream, sendRefused));
  await app.ready();
  return {
    handle(req, res, pass) {
      if (pass !== undefined) passes.set(req, pass);
      app.routing(req, res);
    },
    close: () => stream.close(),
  };
}
