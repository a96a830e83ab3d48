import type { Random } from '../base/random.ts';
import { hasBatchAxis, type ModelMetadata } from '../model/model-metadata.ts';
import { sampleRequest } from '../replica/sample-input.ts';
import type { Member } from '../work/batch.ts';
import type { AnswerJudge } from './answer-judge.ts';
import { Golden } from './golden.ts';
import { batchingWarning, sampleProblem } from './settings-fit.ts';
import type { VersionSpec } from './version-spec.ts';

/** Rows in a batch where the settings do not say: what most models that gain from batching gain most of it by. */
const DEFAULT_MAX_BATCH_SIZE = 32;

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

  constructor(spec: VersionSpec, metadata: ModelMetadata, random: Random, judge: AnswerJudge) {
    const { settings, ownSample } = spec;
    this.metadata = metadata;
    this.hasBatchAxis = settings.batchAxis !== 'none' && hasBatchAxis(metadata);
    const wanted = settings.batching.maxBatchSize ?? DEFAULT_MAX_BATCH_SIZE;
    this.maxBatchSize = this.hasBatchAxis ? Math.min(wanted, settings.queue.maxRows) : 1;
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
    this.rows = [asMember(row.request), asMember(neighbour.request)];
    this.golden = new Golden(this.rows[0], metadata, judge, settings.health.readiness.tolerance);
  }

  /** The golden input as a check; none where the model may not take what was guessed. */
  get probe(): Golden | undefined {
    return this.golden.isKnown || !this.isGuessed ? this.golden : undefined;
  }
}

function asMember(request: Member['request']): Member {
  return { rows: 1, request };
}
