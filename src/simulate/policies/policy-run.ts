import { RANK } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import { Histogram } from '../../base/histogram.ts';
import { type Random, seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import type { AnswerComparator } from '../../fleet/monitor/answer-comparator.ts';
import type { MakePolicy } from '../../fleet/version/make-batching.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { RequestFacts } from '../../serving/admission/request-facts.ts';
import type { BatchEnded } from '../../serving/dispatch/dispatcher.ts';
import type { Batch } from '../../work/batch.ts';
import { DEFAULT_TENANT, Entry } from '../../work/entry.ts';
import { type TimedResult, TimedSpawner } from '../backends/timed-backend.ts';

/** A policy that learns from batches and requests. */
export interface Learner {
  arrived?(now: number): void;
  ended?(ended: BatchEnded): void;
}

/** One run of traffic against timed replicas. */
export interface PolicyRun {
  readonly seed: string;
  /** Mean requests per millisecond. */
  readonly rate: number;
  readonly requests: number;
  readonly replicas: number;
  /** Limit from arrival to answer that counts as in time. */
  readonly withinMs: number;
  readonly serviceMs: (batch: Batch) => number;
  /** Settings of the model apart from the replicas. Without `makePolicy` the model runs warmup first. */
  readonly settings: object;
  readonly makePolicy?: MakePolicy | undefined;
  readonly learner?: Learner | undefined;
  /** Properties of a request, by its number from 0. */
  readonly requestOf?: (index: number, random: Random) => Partial<RequestFacts>;
  readonly resultOf?: (batch: Batch) => TimedResult;
  /** Called for every refusal. */
  readonly onRefused?: (index: number, reason: string) => void;
  /** Time after arrival at which its caller disconnects, in ms; undefined never. */
  readonly leavesAfterMs?: (index: number, random: Random) => number | undefined;
  /** Time until the next request, in ms; exponential at the rate by default. */
  readonly gapMs?: (index: number, random: Random) => number;
}

/** Results of the traffic. */
export interface PolicyResult {
  readonly offered: number;
  /** Answered within the limit. */
  readonly inTime: number;
  readonly answeredLate: number;
  readonly refused: number;
  /** Refused by the model without a fault of their own. */
  readonly failed: number;
  readonly left: number;
  readonly latencyMs: Histogram;
  /** Answers in time per millisecond. */
  readonly goodput: number;
  /** Share of the offered requests that were answered in time. */
  readonly inTimeShare: number;
  readonly busyShare: number;
  readonly rowsPerBatch: number;
  readonly shareOf: ReadonlyMap<string, { inTime: number; offered: number; latencyMs: Histogram }>;
}

const TENSOR = { name: 'x', datatype: 'UINT8', shape: [-1] } as const;
const METADATA = {
  platform: 'simulated',
  inputs: [TENSOR],
  outputs: [TENSOR],
  readsParameters: false,
};
const REQUEST = { id: '', inputs: [], parameters: {}, timeoutMs: undefined, priority: 0 };
/** Compares answers without contents: all are equal. */
const CONTENT: AnswerComparator = {
  isSame: () => true,
  areAlike: () => false,
  isListed: () => false,
  formProblem: () => '',
  rowsProblem: () => '',
};
/** The first part of a run, in which queues and estimates settle, is not counted. */
const SETTLING_SHARE = 0.1;

/** Sends traffic through the real request path to replicas that only take time. */
export function runPolicy(it: PolicyRun): PolicyResult {
  const clock = new VirtualClock();
  const random = seededRandom(it.seed);
  const [gaps, kinds, leaves] = [random.fork('gaps'), random.fork('kinds'), random.fork('leaves')];
  const spawner = new TimedSpawner(clock, {
    metadata: METADATA,
    serviceMs: it.serviceMs,
    result: it.resultOf ?? (() => ({ kind: 'answer' })),
  });
  const settings = ModelSettings.parse({
    replicas: it.replicas,
    warmup: { enabled: it.makePolicy === undefined },
    health: { readiness: { enabled: false } },
    ...it.settings,
    batching: { rows: 'independent', ...(it.settings as { readonly batching?: object }).batching },
  });
  const spec = { model: 'm', version: '1', file: 'm', ownSample: [], settings };
  const ports = it.makePolicy === undefined ? {} : { makePolicy: it.makePolicy };
  const version = new VersionInService(spec, { clock, random, spawner, comparator: CONTENT, ...ports });
  const tally = new Tally(it.withinMs);
  let [batches, rows, busyMs] = [0, 0, 0];
  version.path.dispatcher.batchEnded.on((ended) => {
    batches += 1;
    rows += ended.work.rows;
    busyMs += ended.endedAt - ended.sentAt;
    it.learner?.ended?.(ended);
  });
  version.start();
  while (version.supervisor.replicas().some(({ state }) => state !== 'ready')) clock.advance(1);
  [batches, rows, busyMs] = [0, 0, 0];
  const startedAt = clock.now();

  const settling = Math.floor(it.requests * SETTLING_SHARE);
  let [index, countedFrom, countedTo] = [0, 0, 0];
  const arrive = () => {
    const now = clock.now();
    const isCounted = index >= settling;
    if (index === settling) countedFrom = now;
    countedTo = now;
    const facts = it.requestOf === undefined ? FACTS : { ...FACTS, ...it.requestOf(index, kinds) };
    it.learner?.arrived?.(now);
    const account = tally.open(facts.tenant.name, isCounted);
    const number = index;
    const entry = version.admit({ facts, isDenied: false, isSuspect: false }, (outcome) => {
      if (isRefusal(outcome)) {
        account.refused(outcome.reason);
        it.onRefused?.(number, outcome.reason);
      } else account.answered(clock.now() - now);
    });
    if (!(entry instanceof Entry)) account.refused(entry.reason);
    const leavesAfterMs = it.leavesAfterMs?.(index, leaves);
    if (entry instanceof Entry && leavesAfterMs !== undefined) {
      clock.at(now + leavesAfterMs, () => version.cancel(entry), RANK.cancel);
    }
    index += 1;
    if (index < it.requests) clock.at(now + gap(), arrive, RANK.arrival);
  };
  const gap = () => it.gapMs?.(index, gaps) ?? -Math.log(1 - gaps.unit()) / it.rate;
  clock.at(startedAt, arrive, RANK.arrival);
  while (index < it.requests) clock.advance(1_000);
  const lastedMs = clock.now() - startedAt;
  clock.advance(20 * it.withinMs + 1_000);
  return {
    ...tally.result(),
    goodput: tally.inTime / (countedTo - countedFrom),
    inTimeShare: tally.inTime / (tally.offered - tally.left),
    busyShare: busyMs / (it.replicas * lastedMs),
    rowsPerBatch: rows / Math.max(1, batches),
  };
}

const FACTS: RequestFacts = {
  request: REQUEST,
  ...{ lane: '', rows: 1, bytes: 1, timeoutMs: undefined, priority: undefined },
  ...{ tenant: DEFAULT_TENANT, isExplained: false, contentKey: undefined, trueLength: undefined },
};

/** Counts the outcomes of requests. */
class Tally {
  readonly #withinMs: number;
  readonly latencyMs = new Histogram();
  readonly shareOf = new Map<string, { inTime: number; offered: number; latencyMs: Histogram }>();
  offered = 0;
  inTime = 0;
  answeredLate = 0;
  shed = 0;
  failed = 0;
  left = 0;

  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  open(tenant: string, isCounted: boolean) {
    if (!isCounted) return { answered() {}, refused() {} };
    let share = this.shareOf.get(tenant);
    if (share === undefined) {
      share = { inTime: 0, offered: 0, latencyMs: new Histogram() };
      this.shareOf.set(tenant, share);
    }
    const own = share;
    this.offered += 1;
    own.offered += 1;
    return {
      answered: (tookMs: number) => {
        this.latencyMs.record(tookMs);
        own.latencyMs.record(tookMs);
        if (tookMs <= this.#withinMs + 1e-9) {
          this.inTime += 1;
          own.inTime += 1;
        } else this.answeredLate += 1;
      },
      refused: (reason: string) => {
        if (reason === 'CANCELLED') this.left += 1;
        else if (reason === 'MODEL_ERROR') this.failed += 1;
        else this.shed += 1;
      },
    };
  }

  result() {
    const { offered, inTime, answeredLate, shed: refused, failed, left, latencyMs, shareOf } = this;
    return { offered, inTime, answeredLate, refused, failed, left, latencyMs, shareOf };
  }
}
