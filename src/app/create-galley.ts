import { OperatorError } from '../base/errors.ts';
import type { WrittenSettings } from '../config/server-settings.ts';
import { EmbeddedGalley } from './embedded-galley.ts';
import type { Galley } from './galley.ts';
import { makeServer } from './make-server.ts';

export interface CreateGalleyOptions {
  /** A settings file, or a folder with a settings file or with models. Its `host` and `port` are not used. */
  readonly from?: string;
  /** Settings in the form of galley.yaml; they override the file. */
  readonly settings?: Omit<WrittenSettings, 'host' | 'port'>;
  /**
   * Whether a model that cannot be served fails the start: the promise rejects, and nothing is left running.
   * Default true. With false the other models are served, and the model is retried every `health.restart.retryFailedMs`.
   */
  readonly strict?: boolean;
}

/**
 * Starts models for the code of this process: no port is opened, and no signal is handled. Resolves when every model is
 * ready or, with `strict: false`, when every model is ready or has failed. Rejects with an OperatorError for invalid
 * settings or models; nothing is left running then.
 */
export async function createGalley({
  from,
  settings = {},
  strict = true,
}: CreateGalleyOptions): Promise<Galley> {
  for (const name of ['host', 'port']) {
    if (name in settings)
      throw new OperatorError(
        `createGalley opens no port, but settings.${name} is given: leave it out, or use createServer`,
      );
  }
  const server = await makeServer(from, settings);
  await server.start({ strict, opensPort: false });
  const { health, front } = server;
  if (front === undefined) throw new Error('a started server has no front end');
  return new EmbeddedGalley({ health, front, stop: async () => server.stop() });
}
