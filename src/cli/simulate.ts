import { readFileSync, writeFileSync } from 'node:fs';
import { messageOf, OperatorError } from '../base/errors.ts';
import { seededRandom } from '../base/random.ts';
import { checkModelSettings, loadConfig, mergeSettings, modelSettingsOf } from '../config/load-config.ts';
import type { ModelSettings } from '../config/model-settings.ts';
import { CONTENDERS } from '../simulate/scaling/contenders.ts';
import { type RecordedTraffic, recordedTraffic } from '../simulate/scaling/recorded-traffic.ts';
import { runScaling, type ScalingRun } from '../simulate/scaling/scaling-run.ts';
import type { ScalingReport } from '../simulate/scaling/scaling-tally.ts';
import { lognormal } from '../simulate/scaling/service-law.ts';
import { readTrace, syntheticTrace, type Trace } from '../simulate/scaling/trace.ts';
import { readRecording } from './read-recording.ts';
import { settingOf } from './setting-of.ts';
import { simulationTable } from './simulation-table.ts';

/** Options of `galley simulate`. Times are in ms. */
export interface SimulateFlags {
  readonly trace?: string;
  readonly recording?: string;
  readonly rate?: number;
  readonly duration: number;
  readonly config?: string;
  readonly model?: string;
  readonly service?: number;
  readonly row?: number;
  readonly variation: number;
  readonly start?: number;
  readonly within?: number;
  readonly step: number;
  readonly scale: number;
  readonly set?: readonly string[];
  readonly compare?: readonly string[];
  readonly seed: string;
  readonly svg?: string;
  readonly json?: boolean;
}

/** The name of the policy of the settings in the results. */
const OURS = 'settings';
const USUAL_START_MS = 500;
/** A simulation that takes longer shows its progress. */
const PATIENCE_MS = 2_000;

/** Runs traffic through scheduler, autoscaler and supervisor in virtual time and prints what would happen. */
export async function simulate(flags: SimulateFlags): Promise<void> {
  const recorded =
    flags.recording === undefined ? undefined : recordedTraffic(readRecording(flags.recording), flags.model);
  const settings = settingsFor(flags, recorded);
  const run = runOf(flags, settings, recorded);
  const reports: Record<string, ScalingReport> = {
    [OURS]: runScaling({ ...run, onProgress: progress(OURS) }),
  };
  const { minReplicas = settings.replicas, maxReplicas = settings.replicas } = settings.autoscaling ?? {};
  for (const name of flags.compare ?? []) {
    const make = CONTENDERS[name];
    if (make === undefined) {
      throw new OperatorError(
        `--compare ${name}: unknown policy; known ones: ${Object.keys(CONTENDERS).join(', ')}`,
      );
    }
    const policy = make({ minReplicas, maxReplicas, rowsPerReplica: settings.batching.maxBatchSize ?? 1 });
    reports[name] = runScaling({ ...run, policy, onProgress: progress(name) });
  }
  const ours = reports[OURS] as ScalingReport;
  if (flags.svg !== undefined) {
    const { chartOf } = await import('../simulate/scaling/chart.ts');
    writeFileSync(flags.svg, chartOf(`${run.trace.name}: ${OURS}`, ours, run.withinMs));
  }
  if (flags.json === true) console.log(JSON.stringify({ reports, measured: recorded?.measured ?? null }));
  else for (const line of simulationTable(reports, run, recorded?.measured)) console.log(line);
}

function settingsFor(
  { config, model, set = [] }: SimulateFlags,
  recorded: RecordedTraffic | undefined,
): ModelSettings {
  const base =
    recorded?.settings ??
    (config === undefined
      ? { autoscaling: {} }
      : modelSettingsOf(loadConfig(config), modelName(config, model), undefined));
  const changes = set.map(settingOf).reduce<Record<string, unknown>>(mergeSettings, {});
  return checkModelSettings('settings of the simulation', mergeSettings(base as never, changes));
}

function modelName(config: string, model: string | undefined): string {
  if (model !== undefined) return model;
  throw new OperatorError(`--config ${config} needs --model: the name of the entry whose settings are used`);
}

function runOf(
  flags: SimulateFlags,
  settings: ModelSettings,
  recorded: RecordedTraffic | undefined,
): ScalingRun {
  const withinMs = flags.within ?? settings.objective?.latencyMs ?? settings.timeoutMs;
  const startMs = flags.start ?? recorded?.startMs ?? USUAL_START_MS;
  return {
    ...{ seed: flags.seed, withinMs, startMs: () => startMs },
    trace: recorded?.trace ?? traceOf(flags),
    serviceMs: recorded?.serviceMs ?? lawOf(flags),
    transportMs: recorded?.transportMs,
    settings: {
      ...settings,
      warmup: { ...settings.warmup, enabled: false },
      batching: assumedRows(settings),
    },
  };
}

/** Neither a trace nor a recording tells whether rows may share batches: unless excluded, they may. */
function assumedRows({ batching }: ModelSettings): object {
  return { ...batching, rows: batching.rows === 'auto' ? 'independent' : batching.rows };
}

function traceOf({ trace, rate, duration, step, scale, seed }: SimulateFlags): Trace {
  const random = seededRandom(seed).fork('trace');
  if (trace !== undefined && rate === undefined) {
    return readTrace(trace, readText(trace), random, { stepS: step, scale });
  }
  if (rate !== undefined && trace === undefined) {
    return syntheticTrace(`${rate} requests/s`, [{ lastsMs: duration, rate }], random);
  }
  throw new OperatorError('wanted one of --trace FILE, --recording FILE and --rate NUMBER');
}

function lawOf({ service, row = service, variation }: SimulateFlags): ScalingRun['serviceMs'] {
  if (service === undefined || row === undefined) {
    throw new OperatorError(
      '--service is missing: the time of a batch of one row, for instance 20ms (galley plan measures it)',
    );
  }
  const deviation = lognormal(1, variation);
  return ({ rows }, random) => (service + row * (rows - 1)) * deviation(random);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (caught) {
    throw new OperatorError(`cannot read ${file}: ${messageOf(caught)}`);
  }
}

/** Shows how far a long simulation is, on a terminal. */
function progress(name: string): (share: number) => void {
  const startedAt = performance.now();
  return (share) => {
    if (!process.stderr.isTTY || performance.now() - startedAt < PATIENCE_MS) return;
    process.stderr.write(
      share < 1 ? `\r\u001b[Ksimulating ${name}: ${Math.round(100 * share)} %` : '\r\u001b[K',
    );
  };
}
