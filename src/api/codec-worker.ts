import { move, transferableSymbol, valueSymbol } from 'piscina';
import { isRefusal } from '../base/errors.ts';
import { type CodecTask, read, write } from './codec-task.ts';
import { parseOipHead } from './oip-head.ts';

/** A codec thread: large JSON is read and written here, so that it never holds up the front door. */
export default function run(task: CodecTask): unknown {
  if (!('body' in task)) return write(task);
  const result = read(task, parseOipHead);
  if (isRefusal(result)) return result;
  // The numbers have memory of their own by now, which moves instead of being copied.
  const chunks = result.request.inputs.flatMap((input) => input.data.chunks);
  const owned = new Set(chunks.filter(ownsMemory).map((chunk) => chunk.buffer));
  return move({
    get [transferableSymbol]() {
      return [...owned];
    },
    get [valueSymbol]() {
      return result;
    },
  } as never);
}

function ownsMemory(chunk: Uint8Array): boolean {
  return chunk.byteLength === chunk.buffer.byteLength;
}
