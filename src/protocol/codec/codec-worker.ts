import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { isRefusal } from '../../base/errors.ts';
import { parseOipHead } from '../oip/oip-head.ts';
import { type CodecTask, read, write } from './codec-task.ts';

/** Niceness of codec threads, so that the event loop of the gateway goes first. */
const NICE_INCREMENT = 10;

// On Linux a priority belongs to the thread that sets it; elsewhere it would apply to the whole process.
if (process.platform === 'linux') setPriority(NICE_INCREMENT);

/** A codec thread: reads and writes large bodies, so that they do not block the event loop of the gateway. */
parentPort?.on('message', (task: CodecTask) => {
  const result = 'body' in task ? read(task, parseOipHead) : write(task);
  parentPort?.postMessage(result, [...memoryOf(result)]);
});

/** The numbers have buffers of their own, which are transferred instead of copied. */
function memoryOf(result: ReturnType<typeof read> | ReturnType<typeof write>): Set<ArrayBuffer> {
  const owned = new Set<ArrayBuffer>();
  if (isRefusal(result) || !('request' in result)) return owned;
  for (const { data } of result.request.inputs) {
    for (const chunk of data.chunks) {
      if (chunk.byteLength === chunk.buffer.byteLength) owned.add(chunk.buffer as ArrayBuffer);
    }
  }
  return owned;
}
