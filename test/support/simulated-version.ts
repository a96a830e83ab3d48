import { isRefusal, type Refusal } from '../../src/base/errors.ts';
import { seededRandom } from '../../src/base/random.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { ModelSettings } from '../../src/config/model-settings.ts';
import { VersionInService } from '../../src/fleet/version/version-in-service.ts';
import type { VersionPorts } from '../../src/fleet/version/version-spec.ts';
import type { Answer, InferenceRequest } from '../../src/model/inference.ts';
import { ANONYMOUS } from '../../src/serving/admission/request-facts.ts';
import {
  type SimulatedBatch,
  type SimulatedBehaviour,
  wellBehaved,
} from '../../src/simulate/backends/simulated-behaviour.ts';
import { SimulatedSpawner } from '../../src/simulate/backends/simulated-spawner.ts';
import { bytesOf } from '../../src/tensor/tensor.ts';
import { isSynthetic } from '../../src/work/batch.ts';

const METADATA = {
  platform: 'simulated',
  inputs: [{ name: 'x', datatype: 'UINT8', shape: [-1, -1] }],
  outputs: [{ name: 'x', datatype: 'UINT8', shape: [-1, -1] }],
  readsParameters: false,
} as const;

/** A batch of callers' requests in flight. */
export interface Sent {
  readonly atMs: number;
  readonly replica: string;
  readonly rows: number;
  readonly ids: readonly number[];
}

/** A version on simulated replicas that records what was sent and answered. */
export function setUp(
  settings: object,
  {
    serviceMs = (batch: { readonly rows: number }) => 5 + batch.rows,
    credits = 1,
    loadMs = 0,
    ...more
  }: Partial<SimulatedBehaviour> & { credits?: number; loadMs?: number } = {},
  ports: Partial<VersionPorts> = {},
  name = '1',
) {
  const { batching, ...others } = settings as { readonly batching?: object };
  const clock = new VirtualClock();
  const sent: Sent[] = [];
  const behaviour = { ...wellBehaved({ metadata: METADATA, credits, loadMs, serviceMs }), ...more };
  const spawner = new SimulatedSpawner(clock, behaviour);
  const spec = {
    model: 'm',
    version: name,
    file: 'm',
    ownSample: [],
    settings: ModelSettings.parse({
      warmup: { enabled: false },
      health: { readiness: { enabled: false } },
      batching: { rows: 'independent', ...batching },
      ...others,
    }),
  };
  const version = new VersionInService(spec, { clock, random: seededRandom('test'), spawner, ...ports });
  version.path.dispatcher.batchStarted.on(({ work, batch, replica }) => {
    if (isSynthetic(work.reason)) return;
    const ids = work.members.map(({ request }) => Number(request.id));
    sent.push({ atMs: clock.now(), replica: replica.id, rows: batch.rows, ids });
  });
  const outcomes = new Map<number, (Answer | Refusal)[]>();
  const submit = (
    id: number,
    {
      rows = 1,
      width = 1,
      mark = 0,
      timeoutMs = undefined as number | undefined,
      priority = 0,
      tenant = '',
      weight = 1,
    } = {},
  ) => {
    outcomes.set(id, []);
    const entry = version.submit(
      request(id, rows, width, mark, timeoutMs, priority),
      (outcome) => outcomes.get(id)?.push(outcome),
      { ...ANONYMOUS, tenant: { name: tenant, weight } },
    );
    if (isRefusal(entry)) outcomes.get(id)?.push(entry);
    else if ('cached' in entry) outcomes.get(id)?.push(entry.cached);
    return entry;
  };
  version.start();
  clock.advance(loadMs);
  return { clock, version, spawner, sent, outcomes, submit };
}

function request(
  id: number,
  rows: number,
  width: number,
  mark: number,
  timeoutMs: number | undefined,
  priority: number,
): InferenceRequest {
  const data = bytesOf(new Uint8Array(rows * width).fill(mark));
  return {
    id: String(id),
    inputs: [{ name: 'x', datatype: 'UINT8', shape: [rows, width], data }],
    parameters: {},
    timeoutMs,
    priority,
  };
}

/** A request of one row of one byte. */
export function oneByte(): InferenceRequest {
  const inputs = [{ name: 'x', datatype: 'UINT8' as const, shape: [1], data: bytesOf(new Uint8Array(1)) }];
  return { id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 };
}

/** The outcome of a request: `none`, `ok` or the reason code. */
export function reasonOf(outcomes: readonly (Answer | Refusal)[] | undefined): string {
  const [outcome] = outcomes ?? [];
  if (outcome === undefined) return 'none';
  return isRefusal(outcome) ? outcome.reason : 'ok';
}

/** Whether any member of a batch contains the mark. */
export function bears({ inputs }: SimulatedBatch, mark: number): boolean {
  return inputs.some(({ data }) => data.chunks.some((chunk) => chunk.includes(mark)));
}
