import type { WrittenSettings } from '../config/server-settings.ts';
import { makeServer } from './make-server.ts';

export interface CreateServerOptions {
  /** A settings file, or a folder with a settings file or with models. */
  readonly from?: string;
  /** Settings in the form of galley.yaml; they override the file. */
  readonly settings?: WrittenSettings;
  /**
   * Whether a model that cannot be served fails the start: the promise rejects, and nothing is left running.
   * Default true. With false the other models are served, the server reports not ready with the reason, and retries
   * the model every `health.restart.retryFailedMs`.
   */
  readonly strict?: boolean;
}

/** A server in the process of the caller. */
export interface RunningServer {
  /** For instance `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Finishes admitted requests and ends all replicas. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts a server; resolves when every model is ready or, with `strict: false`, when every model is ready or has failed.
 * Rejects with an OperatorError for invalid settings, models or port; nothing is left running then.
 */
export async function createServer({
  from,
  settings = {},
  strict = true,
}: CreateServerOptions): Promise<RunningServer> {
  const server = await makeServer(from, settings);
  await server.start({ strict });
  return { url: server.url, stop: async () => server.stop() };
}
