import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneByte } from '../../../test/support/simulated-version.ts';
import { RANK } from '../../base/clock.ts';
import { seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import { Recorder } from '../../observe/recorder/recorder.ts';
import { decodeRecording, INPUT, type Recording } from '../../observe/recorder/recording.ts';
import { wellBehaved } from '../backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../backends/simulated-spawner.ts';
import { replay } from './replay.ts';
import { whatIf } from './what-if.ts';

const TENSOR = { name: 'x', datatype: 'UINT8', shape: [-1] } as const;
const METADATA = { platform: 'simulated', inputs: [TENSOR], outputs: [TENSOR], readsParameters: false };

/** A recording of some traffic, with a replica that crashes during it. */
function record({ maxBytes = 1e6, requests = 200 } = {}): Recording {
  const clock = new VirtualClock();
  const recorder = new Recorder(clock, { seed: 'seed', startedWallMs: 0 }, maxBytes);
  const behaviour = wellBehaved({
    metadata: METADATA,
    credits: 2,
    loadMs: 50,
    serviceMs: ({ rows }) => 8 + rows,
  });
  const spawner = new SimulatedSpawner(clock, behaviour);
  const settings = ModelSettings.parse({ replicas: 2, batching: { maxBatchSize: 4 } });
  const spec = { model: 'm', version: '1', file: 'm', ownSample: [], settings };
  const { ports, version: index } = recorder.portsFor(spec, { clock, random: seededRandom('seed'), spawner });
  const version = new VersionInService(spec, ports);
  recorder.watch(index, version);
  version.start();
  clock.advance(3_000);
  for (let id = 0; id < requests; id++) {
    clock.at(clock.now() + 3 * id, () => void version.submit(oneByte(), () => {}), RANK.arrival);
  }
  clock.advance(100);
  spawner.children.get('m/1#0')?.end(null, 'SIGSEGV');
  clock.advance(20_000);
  version.stop('drain');
  clock.advance(100);
  return decodeRecording(recorder.dump());
}

test('a recording replays to the same decisions, and every step is reported', () => {
  const steps: string[] = [];
  const result = replay(record(), ({ text }) => steps.push(text));
  assert.equal(result.difference, undefined);
  assert.ok(result.decisions > 60, `${result.decisions} decisions`);
  assert.ok(steps.some((step) => /m\/1#0 process 1: ready to backoff, it was ended by SIGSEGV/.test(step)));
});

test('the first difference is reported', () => {
  const recording = record();
  const at = recording.events.findIndex(({ kind }) => kind === INPUT.ARRIVED) + 20;
  const changed = recording.events.map((event, index) =>
    index >= at && event.kind === INPUT.ARRIVED ? { ...event, a: event.a + 1 } : event,
  );
  const { difference } = replay({ ...recording, events: changed });
  assert.match(difference ?? '', /^event \d+ of \d+, at \d+\.\d ms: the replay has: batch \d+/);
  const shortened = recording.events.filter(({ kind }, index) => kind !== INPUT.DECIDED || index < at);
  assert.match(replay({ ...recording, events: shortened }).difference ?? '', /has no such event here/);
});

test('an overwritten recording cannot be replayed, but what-if still works', () => {
  const recording = record({ maxBytes: 20_000, requests: 400 });
  assert.equal(recording.isWhole, false);
  assert.match(replay(recording).difference ?? '', /the start of the recording was overwritten/);
  assert.ok(whatIf(recording, {}).answered > 50);
});

test('other settings change the results of the same traffic', () => {
  const recording = record();
  const was = whatIf(recording, {});
  assert.equal(was.answered, 200);
  const alone = whatIf(recording, { batching: { maxBatchSize: 1 }, queue: { maxRows: 10 } });
  assert.ok(alone.refused > 0 && alone.rowsPerBatch === 1, JSON.stringify(alone));
  const patient = whatIf(recording, { batching: { maxWaitMs: 200 } });
  assert.ok(patient.rowsPerBatch > was.rowsPerBatch, JSON.stringify([was, patient]));
});

test('a file that is not a recording is refused', () => {
  assert.throws(() => decodeRecording(Buffer.from('something else')), /not a Galley recording/);
});
