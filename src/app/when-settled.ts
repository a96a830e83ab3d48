import { OperatorError } from '../base/errors.ts';
import type { VersionInService } from '../fleet/version/version-in-service.ts';

/** Resolves when a version is ready, or has failed and is tried again later; with `strict` a failure rejects. */
export async function whenSettled(version: VersionInService, strict: boolean): Promise<void> {
  if (version.isReady) return;
  await new Promise<void>((resolve, reject) => {
    version.stateChanged.on((state) => {
      if (state === 'ready' || (state === 'failed' && !strict)) resolve();
      if (state === 'failed') reject(new OperatorError(failureText(version)));
      if (state === 'stopping') reject(new OperatorError('the server was stopped before it was ready'));
    });
  });
}

/** Which model failed, why, and where it was found. */
export function failureText({ name, failure, spec }: VersionInService): string {
  return `model '${name}' cannot be served: ${failure} (${spec.file})`;
}
