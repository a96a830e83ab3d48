import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { childrenOf } from '../../support/processes.ts';
import { RunningServer, TEST_MODELS } from '../../support/running-server.ts';
import { until } from '../../support/until.ts';
import { Load, type LoadReport, type Reply, send, wordRequest } from './load.ts';

/** A replica in the admin API. */
export interface ReplicaSeen {
  readonly replica: string;
  readonly state: string;
  readonly reason: string;
  readonly restarts: number;
  readonly running: number;
  readonly lastProbe?: { readonly result: string; readonly detail: string };
  readonly conditions: readonly { readonly cause: string; readonly severity: string }[];
}

/** A decision in the admin API. */
export interface DecisionSeen {
  readonly time: string;
  readonly kind: string;
  readonly replica: string;
  readonly facts: Readonly<Record<string, string | number | boolean | null>>;
}

/** A server with replicas of the model `faulty`, which obeys orders; under load from the start. */
export class Fleet {
  readonly server: RunningServer;
  readonly load: Load;
  /** Ids of the first processes, in the order of their replicas: they are started in that order. */
  readonly pids: readonly number[];
  readonly #folder: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #hasStopped = false;

  private constructor(server: RunningServer, folder: string, clients: number) {
    this.server = server;
    this.#folder = folder;
    this.pids = childrenOf(server.pid).sort((a, b) => a - b);
    this.load = new Load(`${server.url}/v2/models/faulty/infer`, clients);
  }

  /** `health` and `more` are settings of the model in YAML's short form. */
  static async start(
    t: TestContext,
    { replicas = 3, health = '', more = ', outputs: {finite: nan}', alerts = '', clients = 6 },
  ): Promise<Fleet> {
    const folder = mkdtempSync(join(tmpdir(), 'galley-fault-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'galley.yaml');
    const warmup = '{windowRuns: 2, windowMs: 20, tolerance: 0.5}';
    writeFileSync(
      file,
      `alerts: {everyMs: 50${alerts}}
models: {faulty: {path: ${join(TEST_MODELS, 'faulty')}, replicas: ${replicas}, warmup: ${warmup},
  batching: {maxBatchSize: 8}, process: {env: [FAULT_FOLDER]}, health: {heartbeatPeriodMs: 20, slowStart: {windowMs: 0}${health}}${more}}}`,
    );
    process.env.FAULT_FOLDER = folder;
    const server = await RunningServer.start([file, '--log-level', 'silent']);
    const fleet = new Fleet(server, folder, clients);
    t.after(() => fleet.#abandon());
    assert.equal(fleet.pids.length, replicas);
    // The server is ready when the first replica is.
    await fleet.allReady();
    await fleet.answered(20);
    return fleet;
  }

  /** Orders what a process does with its next batch, or with all. */
  order(pid: number | 'all', word: string, when: 'once' | 'always' | 'load' = 'once'): void {
    // Written under another name first: the process must not read a partial word.
    const file = join(this.#folder, `${pid}.${when}`);
    writeFileSync(`${file}.new`, word);
    renameSync(`${file}.new`, file);
  }

  withdraw(pid: number | 'all', when: 'once' | 'always' | 'load'): void {
    rmSync(join(this.#folder, `${pid}.${when}`));
  }

  /** Waits until a process has started its one-time order. */
  async obeyed(pid: number): Promise<void> {
    await until(`${pid} has obeyed`, () => !existsSync(join(this.#folder, `${pid}.once`)));
  }

  /** The text that a process has left; empty when none. */
  noteOf(pid: number, what: 'hit' | 'ended'): string {
    const file = join(this.#folder, `${pid}.${what}`);
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  async ask(word: string, parameters: object = {}): Promise<Reply> {
    return send(this.#agent, `${this.server.url}/v2/models/faulty/infer`, wordRequest(word, parameters));
  }

  /** Waits until so many more requests of the load are answered. */
  async answered(requests: number): Promise<void> {
    const before = this.load.count;
    await until(`${requests} more are answered`, () => this.load.count >= before + requests);
  }

  async replicas(): Promise<ReplicaSeen[]> {
    const { versions } = await this.#get<{ versions: { replicas: ReplicaSeen[] }[] }>('models/faulty');
    return versions[0]?.replicas ?? [];
  }

  /** Waits until a replica meets a condition, and returns it. */
  async replica(
    index: number,
    what: string,
    isIt: (seen: ReplicaSeen) => boolean,
    limitMs?: number,
  ): Promise<ReplicaSeen> {
    return until(
      `replica ${index} is ${what}`,
      async () => (await this.replicas()).find((seen) => seen.replica.endsWith(`#${index}`) && isIt(seen)),
      limitMs,
    );
  }

  /** Waits until a replica is ready again in its second process. */
  async replaced(index: number): Promise<void> {
    await this.replica(index, 'replaced', ({ state, restarts }) => state === 'ready' && restarts === 1);
  }

  async allReady(): Promise<void> {
    await until('all replicas are ready', async () =>
      (await this.replicas()).every(({ state }) => state === 'ready'),
    );
  }

  async decisions(kind: string): Promise<DecisionSeen[]> {
    const { decisions } = await this.#get<{ decisions: DecisionSeen[] }>(`decisions?kind=${kind}&limit=4000`);
    return decisions;
  }

  /** Names of the raised alerts, one per raise. */
  async alerts(): Promise<(string | number | boolean | null | undefined)[]> {
    const decisions = await this.decisions('alert');
    return decisions.filter(({ facts }) => facts.status === 'firing').map(({ facts }) => facts.alert);
  }

  async operate(index: number, action: 'restart' | 'drain' | 'eject' | 'restore'): Promise<void> {
    const url = `${this.server.url}/admin/models/faulty/versions/1/replicas/${index}/${action}`;
    const { status, body } = await send(this.#agent, url, '');
    assert.equal(status, 200, body);
  }

  /** Ends the load, then the server; every request of the load must have got its own answer. */
  async stop(): Promise<LoadReport> {
    const report = await this.load.stop();
    this.#agent.destroy();
    await this.server.stop();
    this.#hasStopped = true;
    assert.deepEqual([...new Set(report.wrong)], [], `${report.wrong.length} of ${report.count}`);
    return report;
  }

  /** Ends everything after a failed test. */
  async #abandon(): Promise<void> {
    if (this.#hasStopped) return;
    this.server.kill('SIGKILL');
    this.#agent.destroy();
    await this.load.stop();
  }

  async #get<T>(path: string): Promise<T> {
    const { status, body } = await send(this.#agent, `${this.server.url}/admin/${path}`);
    assert.equal(status, 200, body);
    return JSON.parse(body) as T;
  }
}
