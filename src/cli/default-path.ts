import { existsSync } from 'node:fs';
import { settingsFileIn } from '../config/load-config.ts';

/** The default path: the current folder, or its `models` folder where there is no galley.yaml. */
export function defaultPath(): string {
  return !existsSync(settingsFileIn('.')) && existsSync('models') ? 'models' : '.';
}
