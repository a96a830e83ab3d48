import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { decodeRecording } from '../../src/observe/recorder/recording.ts';
import { replay } from '../../src/simulate/replay/replay.ts';
import { until } from './until.ts';

const CLI = fileURLToPath(new URL('../../bundle/galley.js', import.meta.url));
export const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));
/** Folder of the compiled module models. */
export const TEST_MODELS = fileURLToPath(new URL('../models', import.meta.url));

/** The result of a command. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `galley …` and waits for its end. */
export async function galley(args: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [CLI, ...args], { cwd: PROJECT, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const output = collect(child);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, stdout: output.stdout, stderr: output.stderr };
}

/** `galley serve` as a process, once it is ready. */
export class RunningServer {
  readonly url: string;
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  #recording: string | undefined;

  private constructor(child: ChildProcess, output: { stdout: string; stderr: string }, url: string) {
    this.#child = child;
    this.output = output;
    this.url = url;
    this.pid = child.pid as number;
  }

  /** Ends servers that a failed test has left running. */
  static endAll(): void {
    for (const child of started) child.kill('SIGKILL');
  }

  /** Every run is recorded; after a clean end the recording must replay to the same decisions. */
  static async start(
    args: readonly string[],
    { isRecorded = true, env = {} }: { isRecorded?: boolean; env?: Readonly<Record<string, string>> } = {},
  ): Promise<RunningServer> {
    const recording = isRecorded ? newRecordingFile() : undefined;
    const record = recording === undefined ? [] : ['--record', recording];
    const child = spawn(process.execPath, [CLI, 'serve', '--port', '0', ...args, ...record], {
      cwd: PROJECT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const server = await RunningServer.of(child).catch((caught: unknown) => {
      // A server that never becomes ready would outlive its test.
      child.kill('SIGKILL');
      throw caught;
    });
    server.#recording = recording;
    return server;
  }

  /** Waits until a child reports that it is ready. */
  static async of(child: ChildProcess): Promise<RunningServer> {
    started.add(child);
    child.once('exit', () => started.delete(child));
    const output = collect(child);
    const url = await until(
      'the server is ready',
      () => {
        if (child.exitCode !== null)
          throw new Error(`the server ended with ${child.exitCode}: ${output.stderr}${output.stdout}`);
        return (
          /is (ready|up, but NOT READY,) after/.test(output.stdout) &&
          /(http:\/\/127\.0\.0\.1:\d+)/.exec(output.stdout)?.[1]
        );
      },
      60_000,
    );
    return new RunningServer(child, output, url);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The exit code; null when ended by a signal. */
  async ended(): Promise<number | null> {
    await until(
      'the server has ended',
      () => this.#child.exitCode !== null || this.#child.signalCode !== null,
      60_000,
    );
    this.#replay();
    return this.#child.exitCode;
  }

  /** A killed server has written no recording. */
  #replay(): void {
    const file = this.#recording;
    this.#recording = undefined;
    if (file === undefined || !existsSync(file)) return;
    const { difference, inputs } = replay(decodeRecording(readFileSync(file)));
    rmSync(file);
    if (difference !== undefined) throw new Error(`the replay of this run differs: ${difference}`);
    if (inputs === 0) throw new Error('nothing was recorded');
  }

  async stop(): Promise<void> {
    this.kill('SIGTERM');
    await this.ended();
  }
}

const started = new Set<ChildProcess>();
let recordings = 0;

function newRecordingFile(): string {
  return join(tmpdir(), `galley-test-${process.pid}-${recordings++}.rec`);
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    output.stderr += chunk.toString();
  });
  return output;
}

// Servers that are left running would block the test runner. Benches use this file without it.
if (process.env.NODE_TEST_CONTEXT !== undefined) after(() => RunningServer.endAll());
