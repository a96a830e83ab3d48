import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { RunningServer } from './running-server.ts';

/** A model to serve together with others. */
export interface FarmModel {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface FarmVisit<T extends FarmModel> {
  /** Settings of every model, as members of an object in YAML flow style. */
  readonly settings: string;
  /** Called once with a running server and all its models. */
  readonly serve: (server: RunningServer, models: readonly T[]) => Promise<void>;
  /** Called for each model that cannot be served, with the reason. */
  readonly refused: (model: T, why: string) => void;
}

/**
 * Serves many models in one server. A model that cannot be served is reported; when it fails the whole start, the
 * others are started again without it.
 */
export async function serveTogether<T extends FarmModel>(
  models: readonly T[],
  visit: FarmVisit<T>,
): Promise<void> {
  const waiting: (readonly T[])[] = [models];
  for (let group = waiting.pop(); group !== undefined; group = waiting.pop()) {
    if (group.length === 0) continue;
    const folder = mkdtempSync(join(tmpdir(), 'galley-farm-'));
    try {
      const server = await start(folder, group, visit.settings);
      if (server instanceof RunningServer) {
        try {
          const failed = await failedModels(server.url);
          for (const model of group) {
            const why = failed.get(model.name);
            if (why !== undefined) visit.refused(model, why);
          }
          await visit.serve(
            server,
            group.filter(({ name }) => !failed.has(name)),
          );
        } finally {
          await server.stop();
        }
      } else {
        waiting.push(...apart(group, visit, server.why));
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}

async function start(
  folder: string,
  models: readonly FarmModel[],
  settings: string,
): Promise<RunningServer | { readonly why: string }> {
  for (const { name, bytes } of models) {
    const file = join(folder, 'models', name, 'model.onnx');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  const file = join(folder, 'galley.yaml');
  writeFileSync(file, `log: {level: error}\ndefaults: {required: false, ${settings}}\n`);
  try {
    return await RunningServer.start([file], { isRecorded: false });
  } catch (caught) {
    return { why: String(caught) };
  }
}

/** Models that failed while the others are served, with the reason. */
async function failedModels(url: string): Promise<Map<string, string>> {
  const { models } = (await (await fetch(`${url}/admin/models`)).json()) as {
    models: { name: string; versions: { state: string; reason?: string }[] }[];
  };
  return new Map(
    models.flatMap(({ name, versions: [version] }) =>
      version?.state === 'failed' ? [[name, version.reason ?? 'no reason given']] : [],
    ),
  );
}

/**
 * The groups to start instead. The message names the failed model; since more models may fail, the rest is started in
 * halves, which needs fewer starts.
 */
function apart<T extends FarmModel>(models: readonly T[], visit: FarmVisit<T>, message: string): T[][] {
  const [, named, why = ''] = /model '(.+)\/1' cannot be served: (.*)/.exec(message) ?? [];
  const failed = models.length === 1 ? models[0] : models.find(({ name }) => name === named);
  if (failed !== undefined) visit.refused(failed, why === '' ? message : why);
  const rest = models.filter((model) => model !== failed);
  const half = Math.ceil(rest.length / 2);
  return [rest.slice(half), rest.slice(0, half)];
}
