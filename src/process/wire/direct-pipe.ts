import type { LoadOrder } from './compute-messages.ts';

/**
 * A pipe between the gateway and the compute thread of a replica. Small batches travel on it without a detour through
 * the replica's main thread, which saves two of the four times that a thread is woken for a batch.
 */
export const DIRECT_FD = 5;

/**
 * Larger batches and answers take the data pipe: the main thread reads and writes them while the model computes. A batch of
 * this size fits into the buffer of the system, so that the next batch is there when the present one ends.
 */
export const DIRECT_UP_TO_BYTES = 128 * 1024;

/** Whether a replica has it in use: a thread that waits for a pipe cannot run the promises and timers of a module. */
export function usesDirectPipe({ runtime }: Pick<LoadOrder, 'runtime'>): boolean {
  return runtime === 'onnx';
}
