import { type Refusal, refuse, ServingError } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import { staticAnswer } from '../../routing/static-answer.ts';

/** The fixed answer of a route to a request, in the form of the version that would have answered. */
export function fixedAnswer(
  values: Readonly<Record<string, unknown>>,
  { inputs }: InferenceRequest,
  { metadata, hasBatchAxis, spec }: VersionInService,
): Answer | Refusal {
  const [rows = 1] = hasBatchAxis || metadata === undefined ? (inputs[0]?.shape ?? []) : [];
  // No target may have checked the request: a shape is only a claim of the caller.
  const { maxRows, maxRequestRows = maxRows } = spec.settings.queue;
  if (rows > maxRequestRows) {
    return refuse(
      'BATCH_TOO_LARGE',
      `the request has ${rows} rows, wanted at most ${maxRequestRows} (queue.maxRequestRows of ${spec.model})`,
    );
  }
  try {
    return staticAnswer(values, rows, metadata?.outputs ?? []);
  } catch (caught) {
    return ServingError.from(caught).refusal;
  }
}
