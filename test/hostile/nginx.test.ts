import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { PROJECT, RunningServer, TEST_MODELS } from '../support/running-server.ts';
import { until } from '../support/until.ts';

const hasNginx = spawnSync('nginx', ['-v']).status === 0;
const skip = hasNginx ? false : 'nginx is not installed (Debian: apt-get install nginx-light)';
const folder = mkdtempSync(join(tmpdir(), 'galley-nginx-'));

let server: RunningServer;
let nginx: ChildProcess | undefined;
let documented = '';
let plain = '';

async function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** The example of docs/security.md with the ports of this test, and a minimal configuration. */
function configuration(upstream: string, port: number, plainPort: number): string {
  const text = readFileSync(join(PROJECT, 'docs/security.md'), 'utf8');
  const example = /```nginx\n([\s\S]*?)```/.exec(text)?.[1] ?? '';
  const ours = example
    .replace('127.0.0.1:8000', upstream)
    .replace(/listen 8443;.*/, `listen 127.0.0.1:${port};`);
  return `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; worker_processes 1;
    events {} http { access_log off;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      ${ours}
      server { listen 127.0.0.1:${plainPort}; location / { proxy_pass http://${upstream};
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } } }`;
}

before(async () => {
  if (!hasNginx) return;
  const file = join(folder, 'galley.yaml');
  writeFileSync(file, `models: {echo: {path: ${join(TEST_MODELS, 'echo')}}}\n`);
  server = await RunningServer.start([file, '--log-level', 'silent'], { isRecorded: false });
  const [port, plainPort] = [await freePort(), await freePort()];
  writeFileSync(join(folder, 'nginx.conf'), configuration(new URL(server.url).host, port, plainPort));
  nginx = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], { stdio: 'inherit' });
  documented = `http://127.0.0.1:${port}`;
  plain = `http://127.0.0.1:${plainPort}`;
  await until('nginx answers', async () => (await fetch(`${documented}/health/live`)).status === 200);
});
after(async () => {
  if (!hasNginx) return;
  nginx?.kill('SIGTERM');
  await server.stop();
  rmSync(folder, { recursive: true });
});

test('behind the documented nginx models answer', { skip }, async () => {
  const body = JSON.stringify({ inputs: [{ name: 'x', shape: [1, 1], datatype: 'FP32', data: [1] }] });
  for (const [path, request] of [
    ['/v2/models/echo/infer', body],
    ['/v1/models/echo:predict', '{"instances":[[1]]}'],
  ] as const) {
    assert.equal((await fetch(documented + path, { method: 'POST', body: request })).status, 200);
  }
  assert.equal((await fetch(`${documented}/v2`)).status, 200);
  assert.equal((await fetch(`${documented}/health/ready`)).status, 200);
});

test('behind the documented nginx admin and metrics are closed for any spelling of the path', {
  skip,
}, async () => {
  for (const path of [
    ...[
      '/admin/models',
      '/admin',
      '/metrics',
      '//admin/models',
      '/v2/../admin/models',
      '/v2/%2e%2e/admin/models',
    ],
    ...[
      '/v2/..%2fadmin/models',
      '/%61dmin/models',
      '/ADMIN/models',
      '/health/../metrics',
      '/v2/./../metrics',
    ],
  ]) {
    const { status } = await sendRaw(documented, rawRequest('GET', path, ''));
    assert.ok(status === 404 || status === 400, `${path}: ${status}`);
  }
});

test('behind a plain nginx the admin API is closed for any Host header', {
  skip,
}, async () => {
  const path = '/admin/models/echo/versions/1/replicas/0/restart';
  for (const host of ['127.0.0.1', 'localhost', 'api.example.com']) {
    const { status, body } = await sendRaw(plain, rawRequest('POST', path, '', { host }));
    assert.equal(status, 403, body);
  }
});
