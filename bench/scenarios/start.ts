import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { requestBytes } from '../../src/load/request-bytes.ts';
import { alternate, atMost, type Scenario } from '../scenario.ts';
import { binaryRequest, Workbench } from '../workbench.ts';

const CLI = fileURLToPath(new URL('../../bundle/galley.js', import.meta.url));

/** Time from the start of the process to the first prediction, over the time of a plain script. */
export const start: Scenario = async (say) => {
  const bench = new Workbench(['trivial']);
  try {
    const file = bench.settingsFile('trivial', { replicas: 2 });
    const { ratios, ours, limit } = await alternate(
      async () => firstPrediction(file),
      async () => {
        const startedAt = performance.now();
        await bench.ortLoop('trivial', [1, 784], 0);
        return performance.now() - startedAt;
      },
      say,
    );
    return atMost(2.5, ratios, { galleyMs: ours, scriptMs: limit });
  } finally {
    await bench.close();
  }
};

async function firstPrediction(file: string): Promise<number> {
  const port = await freePort();
  const { path, headers, bodyBase64 = '' } = binaryRequest('trivial', [1, 784]);
  const request = requestBytes(
    { method: 'POST', path, headers, body: Buffer.from(bodyBase64, 'base64') },
    { host: '127.0.0.1', port },
  );
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [CLI, 'serve', file, '--port', String(port), '--log-level', 'silent'],
    { stdio: 'ignore' },
  );
  // Polled rarely and cheaply, because polling takes processor time from the measured process.
  while (!(await isAnswered(port, request))) {
    if (child.exitCode !== null) throw new Error(`the server exited with code ${child.exitCode}`);
    await pause(5);
  }
  const tookMs = performance.now() - startedAt;
  child.kill('SIGTERM');
  await once(child, 'exit');
  return tookMs;
}

async function isAnswered(port: number, request: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request));
    socket.once('data', (chunk: Buffer) => {
      resolve(chunk.toString('latin1', 0, 15).startsWith('HTTP/1.1 200'));
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
