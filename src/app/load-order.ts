import type { LoadOrder } from '../process/wire/compute-messages.ts';
import type { ServedModel } from './served-models.ts';

/** The load message for the replicas of a version. */
export function loadOrderOf({ file, settings }: ServedModel): LoadOrder {
  const { threads, device, outputs, health } = settings;
  const { maxAnswerBytes, maxErrorCharacters } = settings.process;
  return {
    runtime: file.runtime,
    file: file.file,
    threads,
    device,
    finite: outputs.finite,
    heartbeatPeriodMs: health.heartbeatPeriodMs,
    maxAnswerBytes,
    maxErrorCharacters,
  };
}
