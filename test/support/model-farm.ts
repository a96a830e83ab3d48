import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { RunningServer } from './running-server.ts';

/** A model to be served beside others. */
export interface FarmModel {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface FarmVisit<T extends FarmModel> {
  /** Settings of every model, as YAML's inline form has them. */
  readonly settings: string;
  /** Called once with a running server and all models of it. */
  readonly serve: (server: RunningServer, models: readonly T[]) => Promise<void>;
  /** Called for each model without which the others start. */
  readonly refused: (model: T, why: string) => void;
}

/**
 * Serves many models in one server. One that cannot be served ends a start: it is told apart, and the others are
 * started again without it.
 */
export async function serveTogether<T extends FarmModel>(
  models: readonly T[],
  visit: FarmVisit<T>,
): Promise<void> {
  if (models.length === 0) return;
  const folder = mkdtempSync(join(tmpdir(), 'galley-farm-'));
  let server: RunningServer | undefined;
  try {
    server = await start(folder, models, visit.settings);
  } catch (caught) {
    await apart(models, visit, String(caught));
    return;
  } finally {
    if (server === undefined) rmSync(folder, { recursive: true });
  }
  try {
    await visit.serve(server, models);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
}

async function start(folder: string, models: readonly FarmModel[], settings: string): Promise<RunningServer> {
  for (const { name, bytes } of models) {
    const file = join(folder, 'models', name, 'model.onnx');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  const file = join(folder, 'galley.yaml');
  writeFileSync(file, `log: {level: error}\ndefaults: ${settings}\n`);
  return RunningServer.start([file], { isRecorded: false });
}

/** The message names the model at fault; where it does not, halves are tried. */
async function apart<T extends FarmModel>(
  models: readonly T[],
  visit: FarmVisit<T>,
  message: string,
): Promise<void> {
  RunningServer.endAll();
  const [, named, why = ''] = /model '(.+)\/1' cannot be served: (.*)/.exec(message) ?? [];
  const guilty = models.length === 1 ? models[0] : models.find(({ name }) => name === named);
  if (guilty !== undefined) {
    visit.refused(guilty, why === '' ? message : why);
    const rest = models.filter((model) => model !== guilty);
    await serveTogether(rest, visit);
    return;
  }
  const half = Math.ceil(models.length / 2);
  await serveTogether(models.slice(0, half), visit);
  await serveTogether(models.slice(half), visit);
}
