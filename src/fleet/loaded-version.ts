import type { Random } from '../base/random.ts';
import type { ModelSettings } from '../config/model-settings.ts';
import type { InferenceRequest } from '../model/inference.ts';
import { hasBatchAxis, type ModelMetadata } from '../model/model-metadata.ts';
import { sampleRequest } from '../replica/sample-input.ts';
import type { ServiceTimes } from '../replica/service-times.ts';
import { Padding, paddingProblem } from '../serving/padding.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Member } from '../work/batch.ts';
import { type LaneKey, laneKeys } from '../work/lane.ts';
import type { AnswerJudge } from './answer-judge.ts';
import { Golden } from './golden.ts';
import { batchingWarning, sampleProblem } from './settings-fit.ts';
import type { VersionSpec } from './version-spec.ts';

/** Rows in a batch where the settings do not say: what most models that gain from batching gain most of it by. */
const DEFAULT_MAX_BATCH_SIZE = 32;
/** With an objective its time is the limit, and memory. */
const MOST_ROWS = 1024;
const MOST_BATCH_BYTES = 64 * 1024 * 1024;

/** What is known of a version once a replica has loaded its model. */
export class LoadedVersion {
  readonly metadata: ModelMetadata;
  readonly hasBatchAxis: boolean;
  readonly maxBatchSize: number;
  /** Why it cannot be served as the settings want it; undefined when it can. */
  readonly problem: string | undefined;
  /** What the settings ask for and the model does not allow. */
  readonly warning: string | undefined;
  /** What callers are to send: without what the server fills in. */
  readonly callersMetadata: ModelMetadata;
  readonly padding: Padding | undefined;
  /** Two rows to practise with; the first is the golden one. */
  readonly rows: readonly [Member, Member];
  /** Sizes had to be guessed to make them: the model may refuse them. */
  readonly isGuessed: boolean;
  readonly golden: Golden;
  /** The lane of those rows. */
  readonly lane: LaneKey;

  constructor(
    spec: VersionSpec,
    metadata: ModelMetadata,
    random: Random,
    judge: AnswerJudge,
    service: ServiceTimes,
  ) {
    const { settings, ownSample } = spec;
    this.metadata = metadata;
    this.hasBatchAxis = settings.batchAxis !== 'none' && hasBatchAxis(metadata);
    this.warning = batchingWarning(settings, this.hasBatchAxis);
    const { device = 'cpu' } = metadata;
    this.problem =
      device === settings.device
        ? (sampleProblem(metadata, this.hasBatchAxis, ownSample) ?? this.#paddingProblem(settings))
        : `the settings want device '${settings.device}', but the model runs on '${device}'`;
    const laneOf = laneKeys(metadata, this.hasBatchAxis);
    this.callersMetadata = withoutFilledIn(metadata, settings);
    this.padding =
      settings.padding && this.problem === undefined
        ? new Padding(settings.padding, metadata, worthwhile(laneOf, service))
        : undefined;
    const sample = (label: string) =>
      sampleRequest(this.callersMetadata, this.hasBatchAxis, ownSample, random.fork(label));
    const [row, neighbour] = [sample('row'), sample('neighbour')];
    this.isGuessed = row.isGuessed;
    const rowBytes = row.request.inputs.reduce((sum, { data }) => sum + data.byteLength, 0);
    const wanted = settings.batching.maxBatchSize ?? this.#defaultMaxBatchSize(settings, rowBytes);
    this.maxBatchSize = this.hasBatchAxis ? Math.min(wanted, settings.queue.maxRows) : 1;
    const member = (given: InferenceRequest): Member => {
      const request = this.padding
        ? { ...given, inputs: inOrder(metadata, this.padding.pad(given.inputs).inputs) }
        : given;
      return { rows: 1, request, lane: laneOf(request) };
    };
    this.rows = [member(row.request), member(neighbour.request)];
    this.lane = this.rows[0].lane;
    this.golden = new Golden(this.rows[0], metadata, judge, settings.health.readiness.tolerance);
  }

  #paddingProblem({ padding }: ModelSettings): string | undefined {
    if (padding === undefined) return undefined;
    if (!this.hasBatchAxis) return 'padding is for batches, and the model has no batch axis';
    return paddingProblem(padding, this.metadata);
  }

  #defaultMaxBatchSize({ objective, batching }: ModelSettings, rowBytes: number): number {
    if (objective === undefined || batching.maxWaitMs !== undefined) return DEFAULT_MAX_BATCH_SIZE;
    return Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_BATCH_BYTES / Math.max(1, rowBytes))));
  }

  /** The golden input as a check; none where the model may not take what was guessed. */
  get probe(): Golden | undefined {
    return this.golden.isKnown || !this.isGuessed ? this.golden : undefined;
  }
}

/** In the order in which the model wants them. */
function inOrder(metadata: ModelMetadata, inputs: readonly Tensor[]): Tensor[] {
  return metadata.inputs.map(({ name }) => inputs.find((input) => input.name === name) as Tensor);
}

function withoutFilledIn(metadata: ModelMetadata, { padding }: ModelSettings): ModelMetadata {
  if (padding === undefined) return metadata;
  const { lengthInput, maskInput } = padding;
  return {
    ...metadata,
    inputs: metadata.inputs.filter(({ name }) => name !== lengthInput && name !== maskInput),
  };
}

/**
 * Padding pays where what a row costs more by it is less than what a batch of its own would cost. Until that is known
 * it is tried. On processors rows are often all that costs, and then nothing is ever padded.
 */
function worthwhile(laneOf: ReturnType<typeof laneKeys>, service: ServiceTimes) {
  return (inputs: readonly Tensor[], length: number, padded: number): boolean => {
    const curve = service.peek(laneOf({ id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 }));
    if (curve?.isKnown !== true) return true;
    const { fixedMs, rowMs } = curve.line;
    return (rowMs * (padded - length)) / padded <= fixedMs;
  };
}
