import { setPriority } from 'node:os';
import { parentPort } from 'node:worker_threads';
import { isRefusal } from '../../base/errors.ts';
import { parseOipHead } from '../oip/oip-head.ts';
import { type CodecTask, read, write } from './codec-task.ts';

/** How much less urgent large bodies are than the front door. */
const NICE_INCREMENT = 10;

// On Linux a priority belongs to the thread that sets it; elsewhere it would be the whole process's.
if (process.platform === 'linux') setPriority(NICE_INCREMENT);

/** A codec thread: large bodies are read and written here, so that they never hold up the front door. */
parentPort?.on('message', (task: CodecTask) => {
  const result = 'body' in task ? read(task, parseOipHead) : write(task);
  parentPort?.postMessage(result, [...memoryOf(result)]);
});

/** The numbers have memory of their own by now, which moves instead of being copied. */
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
