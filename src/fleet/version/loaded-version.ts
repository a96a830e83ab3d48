import type { Random } from '../../base/random.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import type { InferenceRequest } from '../../model/inference.ts';
import { type ModelMetadata, whyNoBatchAxis } from '../../model/model-metadata.ts';
import { sampleInputs } from '../../replica/sample-input.ts';
import type { ServiceTimes } from '../../replica/service-times.ts';
import { Padding, paddingProblem } from '../../serving/admission/padding.ts';
import { RequestDescriber } from '../../serving/admission/request-describer.ts';
import { byteSize, type Tensor } from '../../tensor/tensor.ts';
import type { RowIndependence } from '../../warmup/row-independence.ts';
import type { Member } from '../../work/batch.ts';
import { type LaneKey, laneKeys } from '../../work/lane.ts';
import type { AnswerComparator } from '../monitor/answer-comparator.ts';
import { Golden } from '../monitor/golden.ts';
import { WarmupInputs } from '../warmup/warmup-inputs.ts';
import { sampleProblem } from './check-settings.ts';
import type { VersionSpec } from './version-spec.ts';

/** Default of the maximum rows of a batch: most models that gain from batching gain most of it by this size. */
const DEFAULT_MAX_BATCH_SIZE = 32;
/** With an objective, time and memory limit the batch instead. */
const MOST_ROWS = 1024;
const MOST_BATCH_BYTES = 64 * 1024 * 1024;

/** What a loaded version uses for its warmup inputs, golden answer and padding. */
export interface LoadedVersionParts {
  readonly random: Random;
  readonly comparator: AnswerComparator;
  readonly service: ServiceTimes;
}

/** What is known of a version after a replica has loaded its model. */
export class LoadedVersion {
  readonly metadata: ModelMetadata;
  readonly hasBatchAxis: boolean;
  /** The largest batch that warmup may run, in rows. */
  readonly maxBatchSize: number;
  /** Why the version cannot be served with its settings; undefined when it can. */
  readonly problem: string | undefined;
  /** The inputs that callers send: without those that the server fills in. */
  readonly callersMetadata: ModelMetadata;
  readonly padding: Padding | undefined;
  readonly describer: RequestDescriber;
  readonly inputs: WarmupInputs;
  /** Whether rows may share a batch; undefined until warmup has determined it. */
  rowIndependence: RowIndependence | undefined;
  readonly #comparator: AnswerComparator;
  readonly #tolerance: number;
  #golden: Golden | undefined;

  constructor(spec: VersionSpec, metadata: ModelMetadata, parts: LoadedVersionParts) {
    const { settings, ownSample } = spec;
    const { random, comparator, service } = parts;
    this.#comparator = comparator;
    this.#tolerance = settings.health.readiness.tolerance;
    this.metadata = metadata;
    this.hasBatchAxis = hasBatchAxis(settings, metadata);
    const own =
      ownSample.length > 0
        ? { samples: ownSample, origin: 'warmup.sample' }
        : { samples: sampleInputs(metadata), origin: "'samples' of the model" };
    this.problem = sampleProblem(metadata, this.hasBatchAxis, own) ?? this.#paddingProblem(settings);
    const laneOf = laneKeys(metadata, this.hasBatchAxis);
    this.callersMetadata = withoutFilledIn(metadata, settings);
    this.padding =
      settings.padding && this.problem === undefined
        ? new Padding(settings.padding, metadata, worthwhile(laneOf, service))
        : undefined;
    const { model } = spec;
    const { padding, hasBatchAxis: hasAxis } = this;
    const { timeoutMs } = settings;
    this.describer = new RequestDescriber({ model, metadata, hasBatchAxis: hasAxis, padding, timeoutMs });
    const member = (given: InferenceRequest): Member => {
      const request = this.padding
        ? { ...given, inputs: inOrder(metadata, this.padding.pad(given.inputs).inputs) }
        : given;
      return { rows: 1, request, lane: laneOf(request) };
    };
    this.inputs = new WarmupInputs({
      ...{ random, member },
      metadata: this.callersMetadata,
      hasBatchAxis: this.hasBatchAxis,
      own: own.samples,
    });
    const wanted = settings.batching.maxBatchSize ?? defaultMaxBatchSize(settings, this.callersMetadata);
    this.maxBatchSize = this.hasBatchAxis ? Math.min(wanted, settings.queue.maxRows) : 1;
    this.rowIndependence = knownIndependence(settings, metadata, this.hasBatchAxis);
  }

  /** The reference input and its answer; undefined while no accepted input is known. */
  get golden(): Golden | undefined {
    return this.#golden;
  }

  /** The lane of the rows of warmup runs. */
  get lane(): LaneKey {
    return this.inputs.chosen?.[0]?.lane ?? '';
  }

  /** Records rows that the model accepts; the first becomes the golden input, unless another has been answered. */
  takes(rows: readonly Member[]): void {
    const [first] = rows;
    if (this.#golden?.isKnown === true || first === undefined) return;
    this.inputs.choose(rows);
    this.#golden = new Golden(first, this.#comparator, this.#tolerance);
    // Its numbers are those of the models that it calls, which change with their versions.
    if (this.metadata.uses?.length) this.#golden.comparesNumbers = false;
  }

  #paddingProblem({ padding }: ModelSettings): string | undefined {
    if (padding === undefined) return undefined;
    if (this.metadata.answersInParts === true) return 'padding does not apply to a model with predictStream';
    if (!this.hasBatchAxis) return 'padding applies to batches, but the model has no batch axis';
    return paddingProblem(padding, this.metadata);
  }
}

/** Warmup increases sizes as far as time and memory allow; an objective may need more rows than the default. */
function defaultMaxBatchSize({ objective, batching }: ModelSettings, { inputs }: ModelMetadata): number {
  if (objective === undefined || batching.maxWaitMs !== undefined) return DEFAULT_MAX_BATCH_SIZE;
  const rowBytes = inputs.reduce((sum, { datatype, shape }) => {
    return (
      sum +
      (byteSize(
        datatype,
        shape.map((size) => Math.abs(size)),
      ) ?? 1)
    );
  }, 0);
  return Math.max(1, Math.min(MOST_ROWS, Math.floor(MOST_BATCH_BYTES / Math.max(1, rowBytes))));
}

function hasBatchAxis({ batchAxis }: ModelSettings, metadata: ModelMetadata): boolean {
  if (batchAxis === 'none') return false;
  const isOpen = metadata.inputs.length > 0 && metadata.inputs.every(({ shape }) => shape[0] === -1);
  return whyNoBatchAxis(metadata) === undefined || (batchAxis === 'first' && isOpen);
}

/** What is known without a run. */
function knownIndependence(
  { batchAxis, batching }: ModelSettings,
  metadata: ModelMetadata,
  hasAxis: boolean,
): RowIndependence | undefined {
  if (batchAxis === 'none') return { kind: 'dependent', why: 'batchAxis is none' };
  if (!hasAxis) {
    return { kind: 'dependent', why: `there is no batch axis, because ${whyNoBatchAxis(metadata)}` };
  }
  if (batching.rows === 'dependent') return { kind: 'dependent', why: 'batching.rows is dependent' };
  if (batching.maxBatchSize === 1) return { kind: 'unproven', why: 'batching.maxBatchSize is 1' };
  if (batching.rows === 'independent') return { kind: 'declared' };
  return metadata.rowsDependOn === undefined ? undefined : { kind: 'dependent', why: metadata.rowsDependOn };
}

/** In the order of the model's inputs. */
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
 * Padding pays where the cost that it adds per row is less than the cost of a separate batch. Until that is known, it is
 * tried. On CPUs the cost is often proportional to rows; then nothing is padded.
 */
function worthwhile(laneOf: ReturnType<typeof laneKeys>, service: ServiceTimes) {
  return (inputs: readonly Tensor[], length: number, padded: number): boolean => {
    const curve = service.peek(laneOf({ id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 }));
    if (curve?.isKnown !== true) return true;
    const { fixedMs, rowMs } = curve.line;
    return (rowMs * (padded - length)) / padded <= fixedMs;
  };
}
