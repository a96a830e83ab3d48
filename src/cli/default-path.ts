import { existsSync } from 'node:fs';

/** Without an argument: the settings here, or else the models here. */
export function defaultPath(): string {
  return !existsSync('galley.yaml') && existsSync('models') ? 'models' : '.';
}
