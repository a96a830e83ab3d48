import { isRefusal } from '../../base/errors.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { RequestSettled } from '../../serving/admission/model-service.ts';
import type { BatchEnded } from '../../serving/dispatch/dispatcher.ts';
import { isSynthetic } from '../../work/batch.ts';

/** Number of events and their total duration. */
export class TotalTime {
  count = 0;
  ms = 0;

  add(ms: number, count = 1): void {
    this.count += count;
    this.ms += ms * count;
  }
}

/** The three parts of the time that requests spend at a replica, always counted together. */
export class ComputeTimes {
  /** Transport in both directions and waiting at the replica, which are not measured separately. */
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
  /** By rows per batch. */
  readonly batches = new Map<number, ComputeTimes>();
  /** Rows of answered requests. */
  rows = 0;
  executions = 0;
  /** undefined until a request has been answered. */
  lastAnswerAt: number | undefined;

  constructor(version: VersionInService) {
    this.version = version;
    const { path } = version;
    version.cacheHit.on(({ rows }) => {
      // The duration of a cache hit is negligible.
      for (const time of [this.success, this.queue, this.cacheHit]) time.add(0);
      this.rows += rows;
    });
    path.service.requestSettled.on((settled) => this.#onSettled(settled));
    path.service.turnedAway.on(() => this.fail.add(0));
    path.admission.refusedAtDoor.on(({ requests }) => this.fail.add(0, requests));
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
    // A request that joined an identical one in progress has not waited in the queue.
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
