import { RANK } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import type { Histogram } from '../../base/histogram.ts';
import { type Random, seededRandom } from '../../base/random.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import type { MakePolicy } from '../../fleet/version/make-batching.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { RequestFacts } from '../../serving/admission/request-facts.ts';
import type { BatchEnded } from '../../serving/dispatch/dispatcher.ts';
import type { Batch } from '../../work/batch.ts';
import { Entry } from '../../work/entry.ts';
import { type TimedResult, TimedSpawner } from '../backends/timed-backend.ts';
import { OutcomeTally } from './outcome-tally.ts';
import { type MachineModel, SharedMachine } from './shared-machine.ts';
import { SAME_ANSWERS, SIMULATED_METADATA, SIMULATED_REQUEST } from './simulated-model.ts';

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
  /** Called for every answer. */
  readonly onAnswered?: (index: number, latencyMs: number) => void;
  /** Time after arrival at which its caller disconnects, in ms; undefined never. */
  readonly leavesAfterMs?: (index: number, random: Random) => number | undefined;
  /** The machine that all share; without one only batches take time. */
  readonly machine?: MachineModel | undefined;
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

/** The first part of a run, in which queues and estimates settle, is not counted. */
const SETTLING_SHARE = 0.1;

/** Sends traffic through the real request path to replicas that only take time. */
export function runPolicy(it: PolicyRun): PolicyResult {
  const clock = new VirtualClock();
  const random = seededRandom(it.seed);
  const [gaps, kinds, leaves] = [random.fork('gaps'), random.fork('kinds'), random.fork('leaves')];
  const machine = it.machine && new SharedMachine(clock, it.machine, random.fork('machine'));
  const spawner = new TimedSpawner(clock, {
    metadata: SIMULATED_METADATA,
    serviceMs: (batch) => machine?.computeMs(it.serviceMs(batch)) ?? it.serviceMs(batch),
    result: it.resultOf ?? (() => ({ kind: 'answer' })),
    ...(machine && {
      credits: 2,
      deliver: (end: () => void) => {
        machine.computed();
        machine.post(end);
      },
    }),
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
  const ownClock = machine?.clock ?? clock;
  const version = new VersionInService(spec, {
    clock: ownClock,
    random,
    spawner,
    comparator: SAME_ANSWERS,
    ...ports,
  });
  const tally = new OutcomeTally(it.withinMs);
  let [batches, rows, busyMs] = [0, 0, 0];
  if (machine !== undefined) {
    const { batchMs, rowMs } = it.machine as MachineModel;
    version.path.dispatcher.batchStarted.on(({ work }) => machine.work(batchMs + rowMs * work.rows));
  }
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
    const facts =
      it.requestOf === undefined
        ? SIMULATED_REQUEST
        : { ...SIMULATED_REQUEST, ...it.requestOf(index, kinds) };
    it.learner?.arrived?.(now);
    const account = tally.open(facts.tenant.name, isCounted);
    const number = index;
    const leavesAfterMs = it.leavesAfterMs?.(index, leaves);
    const { arrivalMs = 0, refusalMs = 0, answerMs = 0 } = it.machine ?? {};
    const refused = (reason: string) => {
      account.refused(reason);
      it.onRefused?.(number, reason);
      machine?.work(refusalMs);
    };
    const arrived = () => {
      const { doorway } = version;
      doorway.delay(machine?.delayMs ?? 0);
      const turnedAway = machine && doorway.knock(facts.tenant);
      if (turnedAway !== undefined) {
        refused(turnedAway.reason);
        return;
      }
      machine?.work(arrivalMs);
      const entry = version.admit({ facts, isDenied: false, isSuspect: false }, (outcome) => {
        if (isRefusal(outcome)) refused(outcome.reason);
        else {
          const tookMs = (machine?.work(answerMs) ?? clock.now()) - now;
          account.answered(tookMs);
          it.onAnswered?.(number, tookMs);
        }
      });
      if (!(entry instanceof Entry)) refused(entry.reason);
      else if (leavesAfterMs !== undefined) {
        clock.at(now + leavesAfterMs, () => version.cancel(entry), RANK.cancel);
      }
    };
    if (machine === undefined) arrived();
    else machine.post(arrived);
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
