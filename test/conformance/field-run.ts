import { spawn } from 'node:child_process';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request as sendRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { childrenOf, isAlive } from '../support/processes.ts';
import { sendRaw } from '../support/raw-http.ts';
import { galley, PROJECT, RunningServer } from '../support/running-server.ts';
import { until } from '../support/until.ts';
import { type FieldAnswer, wrongWith } from './field-answer.ts';
import {
  exactText,
  FIELD,
  type FieldCase,
  type FieldRequest,
  type FieldStep,
  readFieldCase,
} from './field-case.ts';

const ANSWER_LIMIT_MS = 90_000;
const SECOND = 1000;
const MEGABYTE = 1_000_000;

/** Replays a case against its own server; returns the problems found. */
export async function runFieldCase(name: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'galley-field-'));
  try {
    const it = readFieldCase(name);
    layOut(it, name, folder);
    let server: RunningServer;
    try {
      server = await RunningServer.start([join(folder, 'galley.yaml')], { isRecorded: false });
    } catch (caught) {
      const lines = String(caught).trim().split('\n');
      return [
        `not ready: ${(lines.find((line) => line.includes('galley: ')) ?? lines.at(-1))?.slice(0, 300)}`,
      ];
    }
    try {
      const found: string[] = [];
      for (const step of it.steps) found.push(...(await tryStep(step, { server, name, folder })));
      if (!isAlive(server.pid)) found.push('the server has ended');
      return found;
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function layOut({ files, yaml = '' }: FieldCase, name: string, folder: string): void {
  mkdirSync(join(folder, 'models'));
  for (const [target, source] of Object.entries(files)) {
    const path = join(folder, 'models', target);
    mkdirSync(source === null ? path : dirname(path), { recursive: true });
    if (source?.startsWith('link:')) symlinkSync(source.slice('link:'.length), path);
    else if (source !== null) copyFileSync(join(FIELD, name, source), path);
  }
  writeFileSync(join(folder, 'galley.yaml'), `repository: models\n${yaml}`);
}

interface ReplicaSlot {
  readonly server: RunningServer;
  readonly name: string;
  readonly folder: string;
}

async function tryStep(step: FieldStep, place: ReplicaSlot): Promise<string[]> {
  try {
    return await take(step, place);
  } catch (caught) {
    return [String(caught)];
  }
}

async function take(step: FieldStep, { server, name, folder }: ReplicaSlot): Promise<string[]> {
  const { url, pid } = server;
  if ('wait' in step) {
    // The case tests behaviour without requests.
    await pause(step.wait * SECOND);
    return [];
  }
  if ('until ready' in step) {
    const isReady = async () => (await fetch(`${url}/v2/health/ready`)).ok;
    await until('it is ready', isReady, step['until ready'] * SECOND);
    return [];
  }
  if ('replace' in step) {
    for (const [target, source] of Object.entries(step.replace)) {
      copyFileSync(join(FIELD, name, source), join(folder, 'models', target));
    }
    return [];
  }
  if ('rss below' in step) {
    const bytes = childrenOf(pid).reduce((sum, child) => sum + residentBytes(child), 0);
    const limit = step['rss below'];
    if (bytes <= limit) return [];
    return [`replicas take ${Math.round(bytes / MEGABYTE)} MB, right is below ${limit / MEGABYTE} MB`];
  }
  if ('cli' in step) {
    const args = step.cli.map((argument) => argument.replace('HERE', join(FIELD, name)));
    const { code, stdout, stderr } = await galley([...args, '--url', url]);
    if (code === 0 && stdout.includes(step.has)) return [];
    return [`exit ${code}, ${(stdout + stderr).slice(0, 200)}, right has ${step.has}`];
  }
  if ('node' in step) return linesOf(join(FIELD, name, step.node), [PROJECT, new URL(url).port]);
  const exchanges = 'together' in step ? step.together : [step];
  const wrong = await Promise.all(
    exchanges.map(async ({ request, right }) => wrongWith(await send(url, request), right)),
  );
  const found = wrong.filter((each) => each !== undefined);
  return found.length === 0 ? [] : [`${found.length} of ${exchanges.length} wrong: ${found[0]}`];
}

/** Each line that a script prints is a problem. */
async function linesOf(script: string, args: readonly string[]): Promise<string[]> {
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  await new Promise((resolve) => child.on('close', resolve));
  return output.split('\n').filter(Boolean);
}

function residentBytes(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

/** Uses `node:http`, because `fetch` changes paths and headers. */
async function send(url: string, request: FieldRequest): Promise<FieldAnswer> {
  if (request.raw !== undefined) {
    const { status, body } = await sendRaw(url, request.raw);
    return { status, body: Buffer.from(body) };
  }
  const { body, hex } = request;
  const bytes = hex === undefined ? textOf(body) : Buffer.from(hex, 'hex');
  const method = request.method ?? (bytes === undefined ? 'GET' : 'POST');
  const { hostname, port } = new URL(url);
  const length = bytes === undefined ? {} : { 'content-length': String(Buffer.byteLength(bytes)) };
  const headers = { ...length, ...request.headers };
  return new Promise((resolve, reject) => {
    const options = { hostname, port, path: request.path, method, headers, agent: false };
    const sent = sendRequest(options, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks) }));
      answer.on('error', reject);
    });
    sent.setTimeout(ANSWER_LIMIT_MS, () => sent.destroy(new Error('no answer in 90 s')));
    sent.on('error', reject);
    sent.end(bytes);
  });
}

function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined;
  return typeof body === 'string' ? body : exactText(body);
}
