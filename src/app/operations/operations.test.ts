import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pino } from 'pino';
import { until } from '../../../test/support/until.ts';
import type { AlertNotice } from '../../observe/alerts/alerts.ts';
import type { Decision } from '../../observe/decisions/decision.ts';
import { DEPENDENCY_CHECKS } from '../models/dependency-checks.ts';
import { DecisionFile } from './decision-file.ts';
import { Webhook } from './webhook.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-operations-'));
after(() => rmSync(root, { recursive: true }));
const SILENT = pino({ level: 'silent' });

/** Runs an HTTP server while `work` runs. */
async function withServer(
  answer: (req: IncomingMessage, res: ServerResponse) => void,
  work: (url: string) => Promise<void>,
): Promise<void> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    await work(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

function notice(more: Partial<AlertNotice> = {}): AlertNotice {
  return {
    ...{
      name: 'NoReadyReplica',
      severity: 'page',
      model: 'm/1',
      summary: 'no replica is ready',
      runbook: 'look',
    },
    ...{ status: 'firing', startedAt: 0, endedAt: undefined },
    ...more,
  };
}

test('a webhook gets alerts in the form of Alertmanager, in order, and again after a refusal', async () => {
  const bodies: { status: string; alerts: { status: string; labels: object; endsAt: string }[] }[] = [];
  let refusals = 2;
  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    if (refusals-- > 0) res.writeHead(503).end();
    else {
      bodies.push(JSON.parse(Buffer.concat(chunks).toString()) as never);
      res.end();
    }
  };
  await withServer(
    (req, res) => void answer(req, res),
    async (url) => {
      const webhook = new Webhook(url, SILENT);
      webhook.send({ notice: notice(), startsAt: new Date(1000), endsAt: undefined });
      const resolved = notice({ status: 'resolved', endedAt: 5 });
      webhook.send({ notice: resolved, startsAt: new Date(1000), endsAt: new Date(2000) });
      await until('both have come', () => bodies.length === 2);
      assert.deepEqual(
        bodies.map(({ status }) => status),
        ['firing', 'resolved'],
      );
      const [alert] = bodies[0]?.alerts ?? [];
      assert.deepEqual(alert?.labels, { alertname: 'GalleyNoReadyReplica', severity: 'page', model: 'm/1' });
      assert.equal(alert?.endsAt, '0001-01-01T00:00:00Z');
      assert.equal(bodies[1]?.alerts[0]?.endsAt, new Date(2000).toISOString());
      assert.equal(webhook.dropped, 0);
      webhook.stop();
    },
  );
});

test('alerts for a webhook that is down are bounded, dropped and counted', async () => {
  await withServer(
    (_req, res) => void res.writeHead(500).end(),
    async (url) => {
      const webhook = new Webhook(url, SILENT);
      for (let count = 0; count < 150; count++)
        webhook.send({ notice: notice(), startsAt: new Date(0), endsAt: undefined });
      assert.equal(webhook.dropped, 49);
      webhook.stop();
    },
  );
});

function decision(id: number): Decision {
  return {
    id,
    at: id,
    kind: 'model',
    model: 'm',
    version: '1',
    replica: '',
    facts: { state: 'ready', reason: 'x'.repeat(80) },
  };
}

test('decisions are written as JSON lines; a large file is rotated, and the oldest file is deleted', async () => {
  const file = join(root, 'decisions.jsonl');
  const written = new DecisionFile({ file, maxFileBytes: 1024, files: 3 }, SILENT);
  for (let id = 0; id < 40; id++) written.write(decision(id), 0);
  await written.flushed();
  const names = readdirSync(root)
    .filter((name) => name.startsWith('decisions'))
    .sort();
  assert.deepEqual(names, ['decisions.jsonl', 'decisions.jsonl.1', 'decisions.jsonl.2']);
  const lines = [...names]
    .reverse()
    .flatMap((name) => readFileSync(join(root, name), 'utf8').trimEnd().split('\n'));
  const ids = lines.map((line) => (JSON.parse(line) as Decision).id);
  assert.equal(ids.at(-1), 39);
  assert.ok(
    ids.every((id, index) => index === 0 || id === (ids[index - 1] ?? 0) + 1),
    'in order',
  );
  for (const name of names) assert.ok(readFileSync(join(root, name)).byteLength <= 1024);
});

test('lines that a full disk loses are counted', async () => {
  const written = new DecisionFile({ file: '/dev/full', maxFileBytes: 1024, files: 2 }, SILENT);
  for (let id = 0; id < 3; id++) written.write(decision(id), 0);
  await written.flushed();
  assert.equal(written.dropped, 3);
});

async function problemOf(dependency: object, timeoutMs = 2_000): Promise<string | undefined> {
  return new Promise((resolve) => {
    DEPENDENCY_CHECKS.check({ name: 'it', ...dependency } as never, timeoutMs, resolve);
  });
}

test('a dependency is up when it accepts a connection, answers with success, or its command succeeds', async () => {
  await withServer(
    (req, res) => void res.writeHead(req.url === '/bad' ? 500 : 200).end(),
    async (url) => {
      const { host } = new URL(url);
      assert.equal(await problemOf({ tcp: host }), undefined);
      assert.equal(await problemOf({ http: url }), undefined);
      assert.match((await problemOf({ http: `${url}/bad` })) ?? '', /it answered with HTTP status 500/);
    },
  );
  assert.match((await problemOf({ tcp: '127.0.0.1:1' })) ?? '', /ECONNREFUSED/);
  assert.equal(await problemOf({ command: ['true'] }), undefined);
  assert.match((await problemOf({ command: ['false'] })) ?? '', /false/);
  assert.match(
    (await problemOf({ command: ['sleep', '5'] }, 50)) ?? '',
    /the command did not end within 50 ms/,
  );
});
