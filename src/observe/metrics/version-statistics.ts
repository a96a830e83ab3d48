import { isRefusal } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { RequestSettled } from '../../serving/admission/model-service.ts';
import type { BatchEnded } from '../../serving/dispatch/dispatcher.ts';
import { isSynthetic } from '../../work/batch.ts';

/** How often something happened, and how long it took all together. */
export class TotalTime {
  count = 0;
  ms = 0;

  add(ms: number, count = 1): void {
    this.count += count;
    this.ms += ms * count;
  }
}

/** The parts of the time that requests spend with a replica. They are counted in step. */
export class ComputeTimes {
  /** On the way to the replica and back, and waiting there: it is measured in one. */
  readonly input = new TotalTime();
  readonly infer = new TotalTime();
  readonly output = new TotalTime();

  add(wayMs: number, computeMs: number, count: number): void {
    this.input.add(wayMs, count);
    this.infer.add(computeMs, count);
    this.output.add(0, count);
  }
}

/** Totals of one version since it was loaded, in the terms of the protocol's statistics extension. */
export class VersionStatistics {
  readonly version: VersionInService;
  readonly success = new TotalTime();
  readonly fail = new TotalTime();
  readonly queue = new TotalTime();
  readonly compute = new ComputeTimes();
  readonly cacheHit = new TotalTime();
  /** By the rows of a batch. */
  readonly batches = new Map<number, ComputeTimes>();
  /** Rows that were answered. */
  rows = 0;
  executions = 0;
  /** undefined until a request was answered. */
  lastAnswerAt: number | undefined;

  constructor(version: VersionInService) {
    this.version = version;
    const { path } = version;
    version.cacheHit.on(({ rows }) => {
      // It takes no time that is worth a measurement.
      for (const time of [this.success, this.queue, this.cacheHit]) time.add(0);
      this.rows += rows;
    });
    path.service.requestSettled.on((settled) => this.#onSettled(settled));
    path.service.turnedAway.on(() => this.fail.add(0));
    path.dispatcher.batchEnded.on((ended) => this.#onBatch(ended));
  }

  get cacheMisses(): number {
    return this.version.cache?.misses ?? 0;
  }

  #onSettled({ entry, outcome, settledAt }: RequestSettled): void {
    const { receivedAt, dispatchedAt = settledAt } = entry;
    if (isRefusal(outcome)) {
      this.fail.add(settledAt - receivedAt);
      return;
    }
    this.success.add(settledAt - receivedAt);
    // Who joined an equal request that was under way has not waited at all.
    this.queue.add(Math.max(0, dispatchedAt - receivedAt));
    this.rows += entry.rows;
    this.lastAnswerAt = settledAt;
  }

  #onBatch({ work, batch, outcome, refusedMembers, sentAt, endedAt }: BatchEnded): void {
    if (isSynthetic(work.reason) || outcome.kind !== 'done') return;
    this.executions += 1;
    const wayMs = Math.max(0, endedAt - sentAt - outcome.computeMs);
    this.compute.add(wayMs, outcome.computeMs, batch.members.length - refusedMembers);
    let times = this.batches.get(batch.rows);
    if (times === undefined) {
      times = new ComputeTimes();
      this.batches.set(batch.rows, times);
    }
    times.add(wayMs, outcome.computeMs, 1);
  }
}
