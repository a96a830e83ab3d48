import { OperatorError } from '../../base/errors.ts';
import { TransformersSettings } from '../../config/transformers-settings.ts';
import type { LoadOrder } from '../../process/wire/compute-messages.ts';
import type { Placement } from '../../replica/placement.ts';
import type { ServedModel } from './served-models.ts';

/** The load message for the replicas of a version; each adds its placement. */
export function loadOrderOf(served: ServedModel): Omit<LoadOrder, keyof Placement> {
  const { model, file, runtime, settings, folder, lock } = served;
  if (runtime === 'pipeline')
    throw new OperatorError(`'${model}' is a pipeline and has no process: name the model of a step`);
  const { outputs, health, onnx, signature } = settings;
  const { maxAnswerBytes, maxErrorCharacters } = settings.process;
  return {
    runtime,
    file,
    ...(folder === undefined ? {} : { folder }),
    ...(lock === undefined ? {} : { lock }),
    cpuFallback: settings.cpuFallback,
    transformers:
      runtime === 'transformers' ? (settings.transformers ?? TransformersSettings.parse({})) : undefined,
    ...(runtime === 'onnx' ? { onnx } : {}),
    ...(signature === undefined ? {} : { signature }),
    finite: outputs.finite,
    heartbeatPeriodMs: health.heartbeatPeriodMs,
    maxAnswerBytes,
    maxErrorCharacters,
  };
}
