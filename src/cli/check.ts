import { loadOrderOf } from '../app/load-order.ts';
import { preflight } from '../app/preflight.ts';
import { processPorts } from '../app/process-ports.ts';
import { listServedModels, type ServedModel } from '../app/served-models.ts';
import { RealClock } from '../base/clock.ts';
import { loadConfig } from '../config/load-config.ts';
import { SettingsError } from '../config/settings-problem.ts';
import type { ModelMetadata } from '../model/model-metadata.ts';
import { ProcessSpawner } from '../process/spawner.ts';

/** Validates the settings and opens every model as serving would, without serving. Throws a SettingsError. */
export async function check(path: string): Promise<void> {
  const config = loadConfig(path);
  const served = listServedModels(config);
  const { problems, warnings } = preflight(config.server, served);
  for (const warning of warnings) console.log(`warning: ${warning}`);
  const failures = [...problems];
  for (const model of served) {
    const name = `${model.model}/${model.file.version}`;
    try {
      const metadata = await openModel(model);
      console.log(
        `ok: ${name} (${model.file.file}), ${metadata.inputs.length} inputs, ${metadata.outputs.length} outputs`,
      );
    } catch (caught) {
      failures.push(`model '${name}' cannot be opened: ${(caught as Error).message} (${model.file.file})`);
    }
  }
  if (failures.length > 0) throw new SettingsError(failures);
}

/** Loads the model in a process of its own, as serving does, and ends that process again. */
async function openModel(model: ServedModel): Promise<ModelMetadata> {
  const spawner = new ProcessSpawner(
    loadOrderOf(model),
    ({ line }) => console.log(`  ${line}`),
    processPorts(model.settings, new RealClock()),
  );
  return new Promise((resolve, reject) => {
    let result: ModelMetadata | Error = new Error('the process that opened it ended unexpectedly');
    const replica = spawner.spawn(`${model.model}/${model.file.version}`, 1, {
      loaded(metadata) {
        result = metadata;
        replica.drain();
      },
      loadFailed(message) {
        result = new Error(message);
        replica.kill('ended');
      },
      credited() {},
      beat() {},
      exited({ cause, detail }) {
        if (result instanceof Error) reject(cause === 'not started' ? new Error(detail) : result);
        else resolve(result);
      },
    });
  });
}
