import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Refusal, refuse } from '../../base/errors.ts';
import type { ModelCommands } from '../../gateway/model-commands.ts';

const ACTIONS = ['load', 'unload', 'rollout', 'rollback'];

/** Commands about the versions of a model: each answers when it has taken effect, with the versions that serve then. */
export function modelCommandRoutes(
  app: FastifyInstance,
  {
    commands,
    versionsOf,
  }: { readonly commands: ModelCommands; readonly versionsOf: (model: string) => object },
  answer: (reply: FastifyReply, result: object) => object,
): void {
  app.get('/admin/unserved', () => ({ unserved: commands.unserved() }));
  app.post<{ Params: { model: string; action: string } }>(
    '/admin/models/:model/:action',
    async ({ params: { model, action }, query }, reply) => {
      const refusal = await command(commands, {
        model,
        action,
        query: query as Readonly<Record<string, unknown>>,
      });
      return answer(reply, refusal ?? versionsOf(model));
    },
  );
}

interface Order {
  readonly model: string;
  readonly action: string;
  readonly query: Readonly<Record<string, unknown>>;
}

async function command(
  commands: ModelCommands,
  { model, action, query }: Order,
): Promise<Refusal | undefined> {
  if (!ACTIONS.includes(action)) {
    return refuse(
      'NOT_FOUND',
      `'${action.slice(0, 40)}' is not an action, wanted one of ${ACTIONS.join(', ')}`,
    );
  }
  const wanted = action === 'rollout' ? 'version' : action === 'unload' ? 'dependents' : undefined;
  const unknown = Object.keys(query).find((name) => name !== wanted);
  if (unknown !== undefined) {
    return refuse(
      'INVALID_INPUT',
      `parameter '${unknown.slice(0, 40)}' is unknown, wanted ${wanted ?? 'none'}`,
    );
  }
  if (action === 'rollback') return commands.rollBack(model);
  if (action === 'load') return commands.load(model);
  if (action === 'rollout') {
    const version = readText(query.version, 'version');
    return version !== undefined && typeof version !== 'string' ? version : commands.rollOut(model, version);
  }
  const dependents = readText(query.dependents, 'dependents');
  return dependents !== undefined && typeof dependents !== 'string'
    ? dependents
    : commands.unload(model, dependents === 'true');
}

function readText(value: unknown, name: string): string | Refusal | undefined {
  if (value === undefined || typeof value === 'string') return value;
  return refuse('INVALID_INPUT', `parameter '${name}' is given more than once, wanted once`);
}
