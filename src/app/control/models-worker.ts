import { parentPort } from 'node:worker_threads';
import { RealClock } from '../../base/clock.ts';
import { messageOf } from '../../base/errors.ts';
import { SettingsError } from '../../config/settings-problem.ts';
import { FolderWatch } from './folder-watch.ts';
import type { FromModelsThread, ToModelsThread } from './models-messages.ts';
import { scanModels } from './scan-models.ts';

let watch: FolderWatch | undefined;

function report(message: FromModelsThread): void {
  parentPort?.postMessage(message);
}

function scan({ id, config }: Extract<ToModelsThread, { kind: 'scan' }>): void {
  try {
    report({ kind: 'scanned', id, scan: scanModels(config) });
  } catch (caught) {
    const problems = caught instanceof SettingsError ? caught.problems : [messageOf(caught)];
    report({ kind: 'not scanned', id, problems });
  }
}

parentPort?.on('message', (message: ToModelsThread) => {
  if (message.kind === 'scan') {
    scan(message);
  } else if (watch === undefined) {
    watch = new FolderWatch(new RealClock(), message, {
      changed: (found) => report({ kind: 'changed', ...found }),
      cut: () => report({ kind: 'cut' }),
    });
    watch.start();
  } else {
    watch.watch(message.places);
  }
});
