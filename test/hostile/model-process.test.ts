import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { HostileServer } from '../support/hostile-server.ts';
import { isAlive, signalProcess } from '../support/processes.ts';
import { until } from '../support/until.ts';

const SECRETS = {
  GALLEY_ADMIN_TOKEN: 'sesame',
  DATABASE_PASSWORD: 'sesame',
  AWS_SECRET_ACCESS_KEY: 'sesame',
};

test('a replica gets only the allowed environment variables, and no secret', async (t) => {
  Object.assign(process.env, SECRETS, { MODEL_FLAVOUR: 'sweet', MODEL_TOKEN: 'sesame', LC_TIME: 'C' });
  const hostile = await HostileServer.start(t, 'process: {env: [MODEL_*]}');
  for (const name of [...Object.keys(SECRETS), 'MODEL_FLAVOUR', 'MODEL_TOKEN']) delete process.env[name];
  const names = (await hostile.ask('env:')).said.split(' ');
  assert.ok(
    ['PATH', 'LC_TIME', 'MODEL_FLAVOUR'].every((name) => names.includes(name)),
    names.join(' '),
  );
  const secret = names.filter((name) => /GALLEY|TOKEN|SECRET|PASSWORD/.test(name));
  assert.deepEqual(secret, []);
  await hostile.server.stop();
});

test('a replica holds no descriptor of the gateway, and its children hold none of the replica', async (t) => {
  const hostile = await HostileServer.start(t, 'replicas: 2');
  const own = (await hostile.ask('descriptors:')).said.split(' ');
  const sockets = own.filter((each) => /socket|pipe/.test(each)).map((each) => Number(each.split(':')[0]));
  // stdout, stderr and the three pipes to the gateway; the descriptors that Node opens itself have no outside end.
  for (const fd of sockets.filter((each) => each > 5)) {
    assert.match(own.find((each) => each.startsWith(`${fd}:`)) ?? '', /:pipe:/);
  }
  assert.deepEqual(
    own.filter((each) => /:\/(?!dev\/null|proc\/)/.test(each)),
    [],
  );
  const ports = readFileSync(`/proc/${(await hostile.ask('pid:')).said}/net/tcp`, 'utf8');
  const listening = ports.split('\n').filter((line) => line.trim().split(/\s+/)[3] === '0A');
  const inodes = listening.map((line) => line.trim().split(/\s+/)[9]);
  assert.deepEqual(
    own.filter((each) => inodes.some((inode) => each.includes(`socket:[${inode}]`))),
    [],
  );
  const ofChild = (await hostile.ask('childDescriptors:')).said;
  assert.doesNotMatch(ofChild, / [345] -> socket/);
  await hostile.server.stop();
});

for (const [how, end] of [
  [
    'is killed',
    async (hostile: HostileServer, pid: number) => {
      signalProcess(pid, 'SIGKILL');
      await until('it is back', async () => (await hostile.states()).every((state) => state === 'ready'));
    },
  ],
  ['is ended by a quarantined input', async (hostile: HostileServer) => void (await hostile.ask('exit:0'))],
  ['is stopped with the server', async (hostile: HostileServer) => hostile.server.stop()],
  ['loses a gateway that is killed', async (hostile: HostileServer) => hostile.server.kill('SIGKILL')],
] as const) {
  test(`child processes of a model end with its replica when the replica ${how}`, async (t) => {
    const hostile = await HostileServer.start(t, 'replicas: 1');
    const pid = Number((await hostile.ask('pid:')).said);
    const children = [
      Number((await hostile.ask('spawn:600')).said),
      Number((await hostile.ask('spawn:601')).said),
    ];
    assert.ok(children.every(isAlive));
    await end(hostile, pid);
    await until('all processes have ended', () => ![pid, ...children].some(isAlive));
    hostile.server.kill('SIGKILL');
  });
}

test('replicas run with the configured niceness in all their threads', async (t) => {
  const hostile = await HostileServer.start(t, 'process: {nice: 7}');
  const pid = (await hostile.ask('pid:')).said;
  const nices = execFileSync('ps', ['-L', '-o', 'ni=', '-p', pid]).toString().trim().split(/\s+/);
  assert.ok(nices.length > 2);
  assert.deepEqual([...new Set(nices)], ['7']);
  await hostile.server.stop();
});

test('the size of answers and errors is bounded in the replica', async (t) => {
  const hostile = await HostileServer.start(t, 'process: {maxAnswerBytes: 1000000}');
  const large = await hostile.ask('out:2000000');
  assert.deepEqual([large.status, large.said], [500, 'MODEL_ERROR'], large.text.slice(0, 200));
  assert.match(large.text, /the answer takes 2000\d+ bytes; process.maxAnswerBytes is 1000000/);
  assert.equal((await hostile.ask('out:900000')).said.length, 900_000);
  const long = await hostile.ask('throwLong:3000000');
  assert.equal(long.status, 500);
  assert.ok(long.text.length < 10_000, `${long.text.length} characters`);
  assert.match(long.text, /more characters\)/);
  await hostile.server.stop();
});

test('log lines of a replica are bounded in length and number, and dropped ones are counted', async (t) => {
  const hostile = await HostileServer.start(t, 'process: {maxLineCharacters: 100, maxLinesPerSecond: 10}', [
    '--log-level',
    'info',
  ]);
  await hostile.ask('longLine:50000000');
  await hostile.ask('lines:5000');
  const { output } = hostile.server;
  await until('it is told', () => /more lines dropped; process.maxLinesPerSecond is 10/.test(output.stderr));
  await until('the long line is told', () => /q{100}… /.test(output.stderr));
  assert.match(output.stderr, /q{100}… \(\d+ more characters\)/);
  const lines = output.stderr.split('\n').filter((line) => line.includes('replica output'));
  assert.ok(lines.length < 60, `${lines.length} lines`);
  assert.ok(output.stderr.length < 100_000);
  await hostile.server.stop();
});

test('data that a model writes to the pipes of its replica at most ends that replica', async (t) => {
  const hostile = await HostileServer.start(t, 'replicas: 2, timeoutMs: 5000');
  const header = (kind: number, bodyBytes: number, meta: string) => {
    const bytes = Buffer.alloc(32 + meta.length + ((8 - (meta.length % 8)) % 8));
    bytes.writeUInt32LE(0x31594c47, 0);
    bytes.writeUInt32LE(bodyBytes === 0 ? bytes.length - 32 : bodyBytes, 4);
    bytes[8] = kind;
    bytes.writeUInt32LE(1, 12);
    bytes.writeUInt32LE(meta.length, 24);
    bytes.write(meta, 32);
    return bytes.toString('base64');
  };
  const deeds = [
    ...['null', '{}', '{"rssBytes":"1"}', '[]'].map((meta) => `write:4,${header(11, 0, meta)}`),
    ...['null', '{}', '{"text":5}'].map((meta) => `write:4,${header(12, 0, meta)}`),
    ...['null', '{"inputs":[]}'].map((meta) => `write:3,${header(5, 0, meta)}`),
    ...[3, 5].flatMap((fd) => [
      `write:${fd},${header(8, 0x7fff_0000, '')}`,
      `write:${fd},${Buffer.from('hello hello hello hello hello hello').toString('base64')}`,
    ]),
  ];
  for (const deed of deeds) {
    await hostile.ask(deed);
    assert.equal((await hostile.ask('sleep:1')).status, 200, deed);
  }
  assert.equal((await fetch(`${hostile.server.url}/v2/health/live`)).status, 200);
  await hostile.server.stop();
});
