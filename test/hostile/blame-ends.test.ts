import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HostileServer } from '../support/hostile-server.ts';
import { until } from '../support/until.ts';

const SETTINGS = 'replicas: 2, timeoutMs: 20000, health: {heartbeatPeriodMs: 50, slowStart: {windowMs: 0}}';

test('an input that ends its replica in any way is refused after two processes, and the model continues to serve', async (t) => {
  const hostile = await HostileServer.start(t, SETTINGS);
  const ends = [
    'exit:0',
    'exit:3',
    'exit:255',
    'kill:SIGKILL',
    'kill:SIGSTOP',
    'kill:SIGSEGV',
    'kill:SIGHUP',
  ];
  for (const end of ends) {
    const first = await hostile.ask(end);
    assert.deepEqual([first.status, first.said, first.retryAfter], [422, 'POISON_INPUT', null], first.text);
    const again = await hostile.ask(end);
    assert.deepEqual([again.status, again.said, again.retryAfter], [422, 'DENIED_INPUT', null], again.text);
    assert.equal((await hostile.ask('sleep:1')).status, 200);
  }
  const restarts = await hostile.decisions('restart');
  assert.equal(restarts.length, 2 * ends.length);
  assert.deepEqual(
    restarts.filter(({ facts }) => facts.to === 'failed'),
    [],
  );
  await until('both serve', async () => (await hostile.states()).every((state) => state === 'ready'));
  await hostile.server.stop();
});

test('an input that causes an unexplained SIGKILL is found too, at the fourth process', async (t) => {
  const hostile = await HostileServer.start(t, SETTINGS);
  const first = await hostile.ask('killUnseen:KILL');
  assert.deepEqual([first.status, first.said], [422, 'POISON_INPUT'], first.text);
  assert.equal((await hostile.decisions('restart')).length, 4);
  await hostile.server.stop();
});

test('an error after the answer quarantines no input, loses no request, and is reported with its stack', async (t) => {
  const hostile = await HostileServer.start(t, SETTINGS);
  let isOver = false;
  const wrong: string[] = [];
  const bystander = async () => {
    while (!isOver) {
      const { status, text } = await hostile.ask('sleep:20');
      if (status !== 200) wrong.push(text);
    }
  };
  const bystanders = Array.from({ length: 4 }, bystander);
  const deeds = ['laterThrow', 'laterReject', 'laterExit', 'laterKill'];
  for (const deed of [...deeds, ...deeds]) {
    assert.equal((await hostile.ask(`${deed}:7`)).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 1_200));
  }
  isOver = true;
  await Promise.all(bystanders);
  assert.deepEqual(wrong, []);
  assert.deepEqual(await hostile.decisions('quarantine'), []);
  const late = await hostile.decisions('late error');
  assert.equal(late.length, 8);
  assert.ok(
    late.some(({ facts }) => /Error: thrown later\n\s+at .*hostile\/model\.js:\d+/.test(String(facts.stack))),
  );
  assert.match(hostile.server.output.stderr + hostile.server.output.stdout, /thrown later/);
  // Each replica shows its latest error.
  const shown = JSON.stringify(await hostile.get('/admin/models/hostile'));
  assert.match(shown, /"lateError":\{"replica":"hostile\/1#\d","incarnation":\d+,"message":"[^"]/);
  await hostile.server.stop();
});
