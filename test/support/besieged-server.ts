import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rawRequest } from './raw-http.ts';
import { RunningServer, TEST_MODELS } from './running-server.ts';
import { until } from './until.ts';

/** Under attack the client's p99 may be this many times its quiet p99, which counts as at least QUIET_AT_LEAST_MS. */
const SLOWER_AT_MOST = 10;
const QUIET_AT_LEAST_MS = 50;
/** Memory that may remain in use after an attack. */
const KEPT_AT_MOST_BYTES = 64 * 1024 * 1024;
const QUIET_MS = 1_500;
/** By default glibc keeps up to 64 MiB of what was freed; the test is about what the server keeps. */
const RETURN_FREED_MEMORY = { MALLOC_TRIM_THRESHOLD_: '131072' };

/** Results of a well-behaved client. */
interface Honest {
  readonly p99Ms: number;
  readonly answered: number;
  readonly wrong: readonly string[];
}

/** A server under attack, and a well-behaved client that measures the effect of the attack. */
export class BesiegedServer {
  readonly server: RunningServer;
  readonly #folder: string;
  readonly #attackers = new Set<Socket>();

  private constructor(server: RunningServer, folder: string) {
    this.server = server;
    this.#folder = folder;
  }

  /** `models` are test models, `settings` are lines of galley.yaml. */
  static async start(models: readonly string[], settings = ''): Promise<BesiegedServer> {
    const folder = mkdtempSync(join(tmpdir(), 'galley-besieged-'));
    const file = join(folder, 'galley.yaml');
    const lines = models.map((model) => `  ${model}: {path: ${join(TEST_MODELS, model)}, replicas: 1}`);
    writeFileSync(file, `${settings}\nmodels:\n${lines.join('\n')}\n`);
    const server = await RunningServer.start([file, '--log-level', 'warn'], {
      ...{ isRecorded: false, env: RETURN_FREED_MEMORY },
    });
    return new BesiegedServer(server, folder);
  }

  get url(): string {
    return this.server.url;
  }

  /** Resident memory of the gateway. */
  residentBytes(): number {
    return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.server.pid}/status`, 'utf8'))?.[1]);
  }

  /** Opens a connection of the attacker. */
  connect(): Socket {
    const { hostname, port } = new URL(this.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.on('close', () => this.#attackers.delete(socket));
    this.#attackers.add(socket);
    return socket;
  }

  /** Sends bytes; resolves with the status and time of the answer, status 0 when the connection ended without one. */
  async send(
    ...parts: readonly (string | Uint8Array)[]
  ): Promise<{ status: number; text: string; ms: number }> {
    const socket = this.connect();
    const from = performance.now();
    let text = '';
    return new Promise((resolve) => {
      const finish = () => {
        socket.destroy();
        const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
        resolve({ status, text, ms: performance.now() - from });
      };
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1');
        const length = /content-length: (\d+)/i.exec(text)?.[1];
        const head = text.indexOf('\r\n\r\n');
        if (head >= 0 && length !== undefined && text.length >= head + 4 + Number(length)) finish();
      });
      socket.on('close', finish);
      for (const part of parts) socket.write(part);
    });
  }

  /** Runs the attack beside a well-behaved client, and fails when that client is affected more than allowed. */
  async withstand(
    attack: () => Promise<void>,
    { honest = smallRequest(), isKept = false } = {},
  ): Promise<Honest> {
    const quiet = await this.#ask(honest, sleep(QUIET_MS));
    assert.deepEqual(quiet.wrong, [], 'the client is answered before the attack');
    // A server that has just started needs more memory for its first requests, which is not the attack's.
    const before = this.residentBytes();
    const under = await this.#ask(honest, attack());
    const limitMs = SLOWER_AT_MOST * Math.max(quiet.p99Ms, QUIET_AT_LEAST_MS);
    assert.deepEqual(under.wrong, [], `of ${under.answered} requests none is lost`);
    assert.ok(under.p99Ms <= limitMs, `p99 ${under.p99Ms} ms under attack, ${quiet.p99Ms} ms without`);
    for (const socket of this.#attackers) socket.destroy();
    if (isKept) return under;
    const isGivenBack = () => this.residentBytes() - before <= KEPT_AT_MOST_BYTES;
    await until('the memory is given back', isGivenBack, 30_000).catch(() =>
      assert.fail(`${(this.residentBytes() - before) >> 20} MiB more than before the attack`),
    );
    return under;
  }

  async stop(): Promise<void> {
    for (const socket of this.#attackers) socket.destroy();
    await this.server.stop();
    rmSync(this.#folder, { recursive: true });
  }

  /** Sends one request after the other, over new connections, until `over`. */
  async #ask(request: Uint8Array, over: Promise<void>): Promise<Honest> {
    let isOver = false;
    const ended = over.finally(() => {
      isOver = true;
    });
    const times: number[] = [];
    const wrong: string[] = [];
    while (!isOver) {
      const { status, text, ms } = await this.send(request);
      times.push(ms);
      if (status !== 200) wrong.push(`${status} ${text.slice(-200)}`);
      await sleep(10);
    }
    await ended;
    times.sort((a, b) => a - b);
    return { p99Ms: times[Math.floor((times.length - 1) * 0.99)] ?? 0, answered: times.length, wrong };
  }
}

/** An inference request of three numbers. */
export function smallRequest(): Buffer {
  return rawRequest(
    'POST',
    '/v2/models/echo/infer',
    JSON.stringify({ inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] }] }),
  );
}

/** A request head that declares a body. */
export function announce(path: string, bytes: number, headers = ''): string {
  return `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${bytes}\r\n${headers}\r\n`;
}
