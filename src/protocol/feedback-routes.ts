import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Refusal, refuse } from '../base/errors.ts';
import type { RouteTable } from '../gateway/routes/route-table.ts';

/** The largest value: its square must be finite. */
const LARGEST = 1e150;

/** `POST /v1/feedback`: what an answer was worth, as a client found out. */
export function feedbackRoutes(
  app: FastifyInstance,
  table: RouteTable,
  sendRefused: (reply: FastifyReply, refusal: Refusal) => void,
): void {
  app.post('/v1/feedback', (request, reply) => {
    const refusal = take(table, request.body);
    if (refusal === undefined) return reply.code(204).send();
    sendRefused(reply, refusal);
    return reply;
  });
}

function take(table: RouteTable, body: unknown): Refusal | undefined {
  const { requestId, value } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  if (typeof requestId !== 'string' || requestId === '') {
    return refuse(
      'INVALID_INPUT',
      `"requestId" is ${JSON.stringify(requestId)?.slice(0, 40) ?? 'missing'}, wanted the x-galley-request-id of an answer: {"requestId": …, "value": …}`,
    );
  }
  const number = typeof value === 'boolean' ? Number(value) : value;
  if (typeof number !== 'number' || !(Math.abs(number) <= LARGEST)) {
    return refuse(
      'INVALID_INPUT',
      `"value" is ${JSON.stringify(value)?.slice(0, 40)}, wanted a number, true or false`,
    );
  }
  const isTaken = table.all().some(({ experiment }) => experiment?.report(requestId, number) === true);
  if (isTaken) return undefined;
  return refuse(
    'NOT_FOUND',
    `no answer with the id '${requestId.slice(0, 128)}' waits for a value: it is unknown, too old, or its value was reported before`,
  );
}
