import { parseArgs } from 'node:util';
import { type Scenario, shown } from './scenario.ts';
import { autoscale } from './scenarios/autoscale.ts';
import { batching } from './scenarios/batching.ts';
import { bigJson } from './scenarios/big-json.ts';
import { computeBound } from './scenarios/compute-bound.ts';
import { experiments } from './scenarios/experiments.ts';
import { frontDoor, frontDoorJson } from './scenarios/front-door.ts';
import { isolation } from './scenarios/isolation.ts';
import { latency } from './scenarios/latency.ts';
import { objective } from './scenarios/objective.ts';
import { overload } from './scenarios/overload.ts';
import { pipeline } from './scenarios/pipeline.ts';
import { recorder } from './scenarios/recorder.ts';
import { recovery } from './scenarios/recovery.ts';
import { routing } from './scenarios/routing.ts';
import { saturation } from './scenarios/saturation.ts';
import { scaling } from './scenarios/scaling.ts';
import { scheduler } from './scenarios/scheduler.ts';
import { shadow } from './scenarios/shadow.ts';
import { slo } from './scenarios/slo.ts';
import { start } from './scenarios/start.ts';
import { storm } from './scenarios/storm.ts';
import { virtualOverload } from './scenarios/virtual-overload.ts';

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  'front-door': frontDoor,
  'front-door-json': frontDoorJson,
  'compute-bound': computeBound,
  batching,
  latency,
  'big-json': bigJson,
  start,
  recorder,
  routing,
  pipeline,
  shadow,
  storm,
  saturation,
  slo,
  objective,
  overload,
  recovery,
  'virtual-overload': virtualOverload,
  scheduler,
  scaling,
  autoscale,
  experiments,
  isolation,
};

const { positionals, values } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean' } } });
const name = positionals[0] ?? '';
const scenario = SCENARIOS[name];
if (scenario === undefined) {
  console.error(`usage: npm run bench -- SCENARIO [--json]; scenarios: ${Object.keys(SCENARIOS).join(', ')}`);
  process.exitCode = 2;
} else {
  const result = await scenario((line) => console.log(`  ${line}`));
  console.log(`${name}: ratio ${shown(result.ratio)}, aim ${result.aim}: ${result.isMet ? 'met' : 'MISSED'}`);
  for (const [key, value] of Object.entries(result.also))
    console.log(`  ${key}: ${typeof value === 'number' ? shown(value) : value}`);
  if (values.json === true) console.log(JSON.stringify({ scenario: name, ...result }));
}
