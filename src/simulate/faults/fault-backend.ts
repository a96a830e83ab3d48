import type { Clock } from '../../base/clock.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import { flatten } from '../../tensor/segments.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import type {
  SimulatedBatch,
  SimulatedBehaviour,
  SimulatedLoad,
  SimulatedResult,
} from '../backends/simulated-behaviour.ts';
import { type FaultPlan, MARK, type Mark, type PlannedFault } from './fault-plan.ts';

export const WIDTH = 4;
const MEGABYTE = 1e6;
/** Long enough for another batch to be running by then. */
const LATE_MS = 7;
/** Slower batches would be ended by the watchdog as if they hung. */
const SLOWEST_MS = 1_000;

/** State that the backend needs so that a fault does not look like an effect of an input. */
export interface FaultFacts {
  /** Whether a replica is running a suspect alone. A fault then would quarantine an input that did not cause it. */
  isIsolating(replica: ReplicaId): boolean;
  hasBeenReady(): boolean;
  isGoldenKnown(): boolean;
}

/** Replicas that behave as planned: by the marks of their inputs and by the active faults. */
export class FaultBackend implements SimulatedBehaviour {
  readonly metadata = {
    platform: 'simulated',
    inputs: [{ name: 'x', datatype: 'UINT8', shape: [-1, WIDTH] }],
    outputs: [{ name: 'x', datatype: 'UINT8', shape: [-1, WIDTH] }],
    readsParameters: false,
  } as const;
  readonly credits: number;
  readonly heartbeatPeriodMs = 1000;
  readonly #plan: FaultPlan;
  readonly #clock: Clock;
  readonly #facts: FaultFacts;
  readonly #spent = new Set<PlannedFault>();

  constructor(plan: FaultPlan, clock: Clock, facts: FaultFacts) {
    this.#plan = plan;
    this.#clock = clock;
    this.#facts = facts;
    this.credits = plan.credits;
  }

  load(replica: ReplicaId): SimulatedLoad {
    const afterMs = this.#plan.loadMs;
    if (this.#active('spawn fails', replica)) return { kind: 'not started' };
    if (this.#active('crash at start', replica)) return { kind: 'die', afterMs };
    if (this.#active('hang at start', replica)) return { kind: 'hang' };
    return { kind: 'loaded', afterMs };
  }

  serviceMs({ replica, rows }: SimulatedBatch): number {
    const { fixedMs, rowMs } = this.#plan;
    const usualMs = fixedMs + rowMs * rows;
    return this.#active('slow', replica) ? Math.min(10 * usualMs, SLOWEST_MS) : usualMs;
  }

  result(batch: SimulatedBatch): SimulatedResult {
    const marks = marksOf(batch);
    if (marks.includes(MARK.crash)) return { kind: 'die', code: null, signal: 'SIGSEGV' };
    if (marks.includes(MARK.exit)) return { kind: 'die', code: 3, signal: null };
    if (marks.includes(MARK.leave)) return { kind: 'die', code: 0, signal: null };
    if (marks.includes(MARK.killItself)) return { kind: 'die', code: null, signal: 'SIGKILL', isTold: true };
    if (marks.includes(MARK.killUnseen)) return { kind: 'die', code: null, signal: 'SIGKILL' };
    if (marks.includes(MARK.stopItself)) return { kind: 'stop' };
    if (marks.includes(MARK.hang)) return { kind: 'hang' };
    if (marks.includes(MARK.garbage)) return { kind: 'garbage' };
    return this.#fault(batch, marks) ?? this.#answer(batch, marks);
  }

  rssBytes(replica: ReplicaId, batches: number): number {
    return (50 + (this.#active('leak', replica) ? 20 * batches : 0)) * MEGABYTE;
  }

  #fault(
    { replica, inputs, memberRows }: SimulatedBatch,
    marks: readonly Mark[],
  ): SimulatedResult | undefined {
    if (!this.#facts.isIsolating(replica)) {
      if (this.#once('hang once', replica)) return { kind: 'hang' };
      if (this.#once('garbage once', replica)) return { kind: 'garbage' };
      if (this.#once('torn once', replica)) return { kind: 'torn', share: 0.6 };
    }
    // A version that was never ready is correctly not restarted.
    if (!this.#facts.hasBeenReady()) return undefined;
    if (this.#active('throw', replica)) return { kind: 'throw', message: 'every input fails' };
    if (this.#active('nan', replica)) {
      return { kind: 'refuse members', members: memberRows.map((_, member) => member) };
    }
    if (this.#active('echo twice', replica) && marks.every((mark) => mark === MARK.none)) {
      return { kind: 'echo twice' };
    }
    if (
      !this.#facts.isGoldenKnown() ||
      !this.#active('wrong numbers', replica) ||
      marks.some((mark) => mark !== MARK.none)
    )
      return undefined;
    const outputs = inputs.map((input) => ({
      ...input,
      data: bytesOf(Uint8Array.from(flatten(input.data), (byte) => byte ^ 0xff)),
    }));
    return { kind: 'answer', outputs };
  }

  #answer(_: SimulatedBatch, marks: readonly Mark[]): SimulatedResult {
    if (marks.includes(MARK.throw)) return { kind: 'throw', message: 'this input fails' };
    const members = marks.flatMap((mark, member) => (mark === MARK.nan ? [member] : []));
    if (members.length > 0) return { kind: 'refuse members', members };
    return marks.includes(MARK.late) ? { kind: 'late error', afterMs: LATE_MS } : { kind: 'answer' };
  }

  #active(kind: PlannedFault['kind'], replica: ReplicaId): PlannedFault | undefined {
    const now = this.#clock.now();
    return this.#plan.faults.find(
      (fault) =>
        fault.kind === kind &&
        replica.endsWith(`#${fault.replica}`) &&
        now >= fault.atMs &&
        now < fault.atMs + fault.forMs,
    );
  }

  #once(kind: PlannedFault['kind'], replica: ReplicaId): boolean {
    const fault = this.#active(kind, replica);
    if (fault === undefined || this.#spent.has(fault)) return false;
    this.#spent.add(fault);
    return true;
  }
}

/** The mark of each member, from the first byte of its first row. */
function marksOf({ inputs, memberRows }: SimulatedBatch): Mark[] {
  const bytes = inputs[0] === undefined ? new Uint8Array(0) : flatten(inputs[0].data);
  let row = 0;
  return memberRows.map((rows) => {
    const mark = (bytes[row * WIDTH] ?? 0) as Mark;
    row += rows;
    return mark;
  });
}
