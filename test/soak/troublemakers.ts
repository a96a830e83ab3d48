import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../src/base/random.ts';
import { childrenOf, signalProcess } from '../support/processes.ts';

/** Injects one fault. It ends by itself, and leaves no connection open. */
export type Troublemaker = (it: Target, random: Random) => Promise<void>;

/** The target of the faults. */
export interface Target {
  readonly url: string;
  readonly pid: number;
}

const ECHO_ROW = '{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":[1]}]}';

/** Faults of clients, models and the system. */
export const TROUBLEMAKERS: Readonly<Record<string, Troublemaker>> = {
  async 'a client that leaves before its answer'({ url }, random) {
    const leaving = AbortSignal.timeout(1 + (random.uint32() % 20));
    const body = '{"inputs":[{"name":"ms","datatype":"FP32","shape":[1],"data":[30]}]}';
    await fetch(`${url}/v2/models/slow/infer`, { method: 'POST', body, signal: leaving }).then(
      drain,
      () => {},
    );
  },

  async 'a client that reads slowly'({ url }) {
    const socket = open(url);
    const body =
      '{"inputs":[{"name":"bytes","datatype":"INT32","shape":[1],"data":[4000000]}],"parameters":{"binary_data_output":true}}';
    socket.pause();
    socket.write(post('/v2/models/large/infer', body));
    await pause(800);
    socket.destroy();
  },

  async 'bodies that are announced and never come'({ url }) {
    const sockets = Array.from({ length: 8 }, () => {
      const socket = open(url);
      socket.write('POST /v2/models/echo/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 60000000\r\n\r\n');
      return socket;
    });
    await pause(1_000);
    for (const socket of sockets) socket.destroy();
  },

  async 'a body in crumbs'({ url }) {
    const socket = open(url);
    const request = post('/v2/models/echo/infer', ECHO_ROW);
    for (const character of request) {
      if (socket.destroyed) break;
      socket.write(character);
      await pause(2);
    }
    socket.destroy();
  },

  async 'a flood of pipelined requests'({ url }) {
    const socket = open(url);
    socket.write('GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5_000));
    await pause(300);
    socket.destroy();
  },

  async 'a body full of brackets'({ url }) {
    await send(
      url,
      'echo',
      `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":[${'[],'.repeat(600_000)}1]}]}`,
    );
  },

  async 'one long number'({ url }) {
    await send(
      url,
      'echo',
      `{"inputs":[{"name":"x","datatype":"FP32","shape":[1,1],"data":[${'9'.repeat(2_000_000)}]}]}`,
    );
  },

  async 'texts that are claimed to be many'({ url }) {
    const head =
      '{"inputs":[{"name":"x","datatype":"BYTES","shape":[1000000],"parameters":{"binary_data_size":4000000}}]}';
    const body = Buffer.concat([Buffer.from(head), Buffer.alloc(4_000_000)]);
    const headers = { 'inference-header-content-length': String(head.length) };
    await fetch(`${url}/v2/models/echo/infer`, { method: 'POST', body, headers }).then(drain, () => {});
  },

  async 'a shape beyond measure'({ url }) {
    await send(
      url,
      'echo',
      `{"inputs":[{"name":"x","datatype":"FP32","shape":[${'1,'.repeat(100_000)}1],"data":[1]}]}`,
    );
  },

  async 'a long id'({ url }) {
    await send(url, 'echo', `{"id":"${'i'.repeat(500_000)}","inputs":[]}`);
  },

  async 'an input that the model throws at'({ url }) {
    await send(url, 'fragile', '{"inputs":[{"name":"order","datatype":"INT32","shape":[1],"data":[1]}]}');
  },

  async 'an input that ends its replica'({ url }, random) {
    // Rare: the input is denied after the first time.
    if (random.unit() < 0.9) return;
    await send(url, 'fragile', '{"inputs":[{"name":"order","datatype":"INT32","shape":[1],"data":[2]}]}');
  },

  async 'a replica that is killed'({ pid }, random) {
    const children = childrenOf(pid);
    const victim = children[random.uint32() % Math.max(1, children.length)];
    if (victim !== undefined) kill(victim);
    await pause(3_000);
  },

  async 'headers of every kind'({ url }, random) {
    const names = Array.from({ length: 40 }, (_, index) => `x-h-${index}: ${random.uint32()}`).join('\r\n');
    const socket = open(url);
    socket.write(
      `POST /v2/models/echo/infer HTTP/1.1\r\nHost: x\r\nx-galley-tenant: t${random.uint32()}\r\n${names}\r\nContent-Length: ${ECHO_ROW.length}\r\n\r\n${ECHO_ROW}`,
    );
    await pause(100);
    socket.destroy();
  },

  async 'bytes that are no request'({ url }, random) {
    const socket = open(url);
    socket.write(Buffer.from(Array.from({ length: 500 }, () => random.uint32() & 0xff)));
    await pause(100);
    socket.destroy();
  },

  async 'operators who look'({ url }) {
    for (const path of [
      '/metrics',
      '/admin/models',
      '/admin/decisions',
      '/admin/alerts',
      '/v2/models/stats',
    ]) {
      await fetch(url + path).then(drain, () => {});
    }
    await pause(500);
  },
};

async function send(url: string, model: string, body: string): Promise<void> {
  await fetch(`${url}/v2/models/${model}/infer`, { method: 'POST', body }).then(drain, () => {});
}

async function drain(response: Response): Promise<void> {
  await response.arrayBuffer();
}

function post(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

function open(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => {});
  return socket;
}

function kill(pid: number): void {
  try {
    signalProcess(pid, 'SIGKILL');
  } catch {
    // The process has just ended.
  }
}
