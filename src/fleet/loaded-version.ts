import type { Random } from '../base/random.ts';
import type { ModelSettings } from '../config/model-settings.ts';
import type { InferenceRequest } from '../model/inference.ts';
import { hasBatchAxis, type ModelMetadata } from '../model/model-metadata.ts';
import { sampleRequest } from '../replica/sample-input.ts';
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
  /** Two rows to practise with; the first is the golden one. */
  readonly rows: readonly [Member, Member];
  /** Sizes had to be guessed to make them: the model may refuse them. */
  readonly isGuessed: boolean;
  readonly golden: Golden;
  /** The lane of those rows. */
  readonly lane: LaneKey;

  constructor(spec: VersionSpec, metadata: ModelMetadata, random: Random, judge: AnswerJudge) {
    const { settings, ownSample } = spec;
    this.metadata = metadata;
    this.hasBatchAxis = settings.batchAxis !== 'none' && hasBatchAxis(metadata);
    this.warning = batchingWarning(settings, this.hasBatchAxis);
    const { device = 'cpu' } = metadata;
    this.problem =
      device === settings.device
        ? sampleProblem(metadata, this.hasBatchAxis, ownSample)
        : `the settings want device '${settings.device}', but the model runs on '${device}'`;
    const sample = (label: string) =>
      sampleRequest(metadata, this.hasBatchAxis, ownSample, random.fork(label));
    const [row, neighbour] = [sample('row'), sample('neighbour')];
    this.isGuessed = row.isGuessed;
    const rowBytes = row.request.inputs.reduce((sum, { data }) => sum + data.byteLength, 0);
    const wanted = settings.batching.maxBatchSize ?? this.#defaultMaxBatchSize(settings, rowBytes);
    this.maxBatchSize = this.hasBatchAxis ? Math.min(wanted, settings.queue.maxRows) : 1;
    const laneOf = laneKeys(metadata, this.hasBatchAxis);
    const member = (request: InferenceRequest): Member => ({ rows: 1, request, lane: laneOf(request) });
    this.rows = [member(row.request), member(neighbour.request)];
    this.lane = this.rows[0].lane;
    this.golden = new Golden(this.rows[0], metadata, judge, settings.health.readiness.tolerance);
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
