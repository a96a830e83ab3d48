import { existsSync } from 'node:fs';
import { settingsFileIn } from '../config/load-config.ts';

/** Without an argument: the settings here, or else the models here. */
export function defaultPath(): string {
  return !existsSync(settingsFileIn('.')) && existsSync('models') ? 'models' : '.';
}
