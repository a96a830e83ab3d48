import { OperatorError } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';

/**
 * Resolves when a version is ready, has failed and is retried later, or is served no more because it was unloaded or
 * replaced meanwhile; with `strict` a failure rejects.
 */
export async function whenSettled(version: VersionInService, strict: boolean): Promise<void> {
  if (version.isReady) return;
  await new Promise<void>((resolve, reject) => {
    version.stateChanged.on((state) => {
      if (state === 'ready' || state === 'draining' || (state === 'failed' && !strict)) resolve();
      if (state === 'failed') reject(new OperatorError(failureText(version)));
      if (state === 'stopping') reject(new OperatorError('the server was stopped before it was ready'));
    });
  });
}

/** The message for a failed model: its name, the reason and its file. */
export function failureText({ name, failure, spec }: VersionInService): string {
  return `model '${name}' cannot be served: ${failure} (${spec.file})`;
}
