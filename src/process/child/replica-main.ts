import { Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { flatten } from '../../tensor/segments.ts';
import { Channel } from '../wire/channel.ts';
import { type FromCompute, type LoadOrder, SHARED, type ToCompute } from '../wire/compute-messages.ts';
import { StreamPipe } from '../wire/pipe.ts';
import { type Frame, KIND, type Kind } from '../wire/wire.ts';

/**
 * A replica process. This thread never computes: it sends heartbeats while the model runs, accepts large batches, and
 * ends the process when the gateway is gone.
 */
const DATA_FD = 3;
const CONTROL_FD = 4;
/** One batch runs while another waits. */
const CREDITS = 2;

let incarnation = 0;
let isDirect = false;
let heartbeats: NodeJS.Timeout | undefined;

// The gateway decides when a replica ends; a signal to the whole group must not end it earlier.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

/** See `SHARED`. */
const shared = new Int32Array(new SharedArrayBuffer(8));
const compute = new Worker(new URL('./compute.js', import.meta.url), {
  argv: process.argv.slice(2),
  workerData: shared,
});
compute.on('message', onCompute);
compute.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
compute.on('exit', (code) => process.exit(code));

const control = new Channel(new StreamPipe(new Socket({ fd: CONTROL_FD })), {
  frame() {},
  broken: dieAtOnce,
  closed: dieAtOnce,
});
const data = new Channel(new StreamPipe(new Socket({ fd: DATA_FD })), {
  frame: onFrame,
  broken: dieAtOnce,
  closed: dieAtOnce,
});

/**
 * Not process.exit, which waits for the compute thread, and that may be in a long run. Ends the whole group,
 * including the processes of the model, because the gateway that would end them is gone.
 */
function dieAtOnce(): void {
  try {
    process.kill(-process.pid, 'SIGKILL');
  } catch {
    // Started by hand, the process leads no group.
    process.kill(process.pid, 'SIGKILL');
  }
}

function onFrame(frame: Frame): void {
  switch (frame.kind) {
    case KIND.LOAD:
      incarnation = frame.incarnation;
      load(JSON.parse(frame.meta.toString('utf8')) as LoadOrder, ownMemory(frame));
      break;
    case KIND.RUN: {
      // Copied into its own memory, because it is transferred to the other thread and its numbers must be aligned.
      const meta = new Uint8Array(frame.meta);
      const payload = ownMemory(frame);
      const { incarnation: sender, batch, flags } = frame;
      tell({ kind: 'run', incarnation: sender, batch, flags, meta, payload }, [payload.buffer]);
      break;
    }
    case KIND.REPLY: {
      const meta = new Uint8Array(frame.meta);
      const payload = ownMemory(frame);
      tell({ kind: 'reply', call: frame.member, flags: frame.flags, meta, payload }, [payload.buffer]);
      break;
    }
    case KIND.CANCEL:
      tell({ kind: 'cancel', batch: frame.batch, member: frame.member });
      break;
    case KIND.NEXT:
      tell({ kind: 'next', batch: frame.batch, member: frame.member });
      break;
    case KIND.UNLOAD:
      if (!isDirect) tell({ kind: 'unload' });
      break;
    default:
      dieAtOnce();
  }
}

function load(order: LoadOrder, keptBytes: Uint8Array<ArrayBuffer>): void {
  tell({ kind: 'load', order, keptBytes, incarnation }, [keptBytes.buffer]);
  heartbeats = setInterval(sendHeartbeat, order.heartbeatPeriodMs);
}

function ownMemory({ payload }: Frame): Uint8Array<ArrayBuffer> {
  const flat = flatten(payload);
  const isOwn = flat.byteLength === flat.buffer.byteLength && flat.buffer instanceof ArrayBuffer;
  return isOwn ? (flat as Uint8Array<ArrayBuffer>) : new Uint8Array(flat);
}

function tell(message: ToCompute, transfer: ArrayBuffer[] = []): void {
  compute.postMessage(message, transfer);
  Atomics.add(shared, SHARED.messages, 1);
  Atomics.notify(shared, SHARED.messages);
}

function onCompute(message: FromCompute): void {
  switch (message.kind) {
    case 'frames':
      data.sendPieces(message.pieces);
      break;
    case 'loaded':
      isDirect = message.isDirect;
      sendText(KIND.LOADED, JSON.stringify(message.metadata));
      data.send({ ...emptyHeader(KIND.CREDIT), batch: CREDITS }, new Uint8Array(0), []);
      sendHeartbeat();
      break;
    case 'load failed':
      sendText(KIND.LOAD_FAILED, message.message);
      break;
    case 'unloaded':
      clearInterval(heartbeats);
      process.exit(0);
  }
}

function sendHeartbeat(): void {
  const { user, system } = process.cpuUsage();
  const heartbeat = {
    rssBytes: process.memoryUsage.rss(),
    cpuMs: (user + system) / 1000,
    batches: Atomics.load(shared, SHARED.batches),
  };
  control.send(emptyHeader(KIND.HEARTBEAT), Buffer.from(JSON.stringify(heartbeat)), []);
}

function sendText(kind: Kind, text: string): void {
  data.send(emptyHeader(kind), Buffer.from(text), []);
}

function emptyHeader(kind: Kind) {
  return { kind, flags: 0, slot: 0, incarnation, batch: 0, member: 0 };
}
