import type { Clock, Timer } from '../base/clock.ts';
import { Event } from '../base/event.ts';
import { SlidingWindow } from '../base/sliding-window.ts';
import type { HealthSettings } from '../config/health-settings.ts';
import { mayEject } from '../health/ejection-policy.ts';
import { type Complaint, type ComplaintCause, standingOf } from '../health/standing.ts';
import type { ReplicaId } from '../replica/replica.ts';
import type { Supervisor } from './supervisor.ts';

/** Ejections for errors are counted over this time. */
const EJECTIONS_WINDOW_MS = 600_000;

/** What is held against one replica in its present life. */
class Chart {
  readonly complaints = new Map<ComplaintCause, Complaint>();
  readonly errorEjections = new SlidingWindow(EJECTIONS_WINDOW_MS);
  isOnProbation = false;
  probationAlarm: Timer | undefined;
  restartAlarm: Timer | undefined;
}

/** A replica was taken out of the pick. */
export interface Ejected {
  readonly replica: ReplicaId;
  readonly causes: readonly ComplaintCause[];
  readonly reason: string;
}

/** What the book needs of the world. */
export interface HealthBookPorts {
  readonly clock: Clock;
  readonly supervisor: Supervisor;
  /** Has a replica run one prediction before it may serve again. */
  readonly probation: (id: ReplicaId, done: (passed: boolean) => void) => void;
}

/** Everything held against the replicas of a version, and what follows: second choice, out, or a restart. */
export class HealthBook {
  readonly ejected = new Event<Ejected>();
  /** A replica may serve again. */
  readonly readmitted = new Event<ReplicaId>();
  readonly #settings: HealthSettings;
  readonly #ports: HealthBookPorts;
  readonly #charts = new Map<ReplicaId, Chart>();

  constructor(settings: HealthSettings, ports: HealthBookPorts) {
    this.#settings = settings;
    this.#ports = ports;
  }

  /** A life has become ready: nothing is held against it yet. */
  open(id: ReplicaId): void {
    this.close(id);
    this.#charts.set(id, new Chart());
  }

  close(id: ReplicaId): void {
    this.#charts.get(id)?.restartAlarm?.cancel();
    this.#charts.get(id)?.probationAlarm?.cancel();
    this.#charts.delete(id);
  }

  complaintsOf(id: ReplicaId): readonly Complaint[] {
    return [...(this.#charts.get(id)?.complaints.values() ?? [])];
  }

  /** Whether a replica is fit for traffic: nothing takes it out, though it may be second choice. */
  isFit(id: ReplicaId): boolean {
    const chart = this.#charts.get(id);
    return chart !== undefined && !this.#isDown(chart);
  }

  complain(id: ReplicaId, cause: ComplaintCause, severity: Complaint['severity'], detail: string): void {
    const chart = this.#charts.get(id);
    if (chart === undefined) return;
    const before = chart.complaints.get(cause);
    const since = before?.severity === severity ? before.since : this.#ports.clock.now();
    chart.complaints.set(cause, { cause, severity, since, detail });
    this.#assess(id, chart);
    const isOut = this.#ports.supervisor.find(id)?.standing === 'ejected';
    if (cause === 'errors' && isOut) this.#countEjection(id, chart);
    if (severity === 'down' && (cause === 'readiness' || cause === 'golden')) this.#restartLater(id, chart);
  }

  clear(id: ReplicaId, ...causes: readonly ComplaintCause[]): void {
    const chart = this.#charts.get(id);
    if (chart === undefined) return;
    let hasCleared = false;
    for (const cause of causes) hasCleared = chart.complaints.delete(cause) || hasCleared;
    if (hasCleared) this.#assess(id, chart);
  }

  #isDown({ complaints }: Chart): boolean {
    return [...complaints.values()].some(({ severity }) => severity === 'down');
  }

  #assess(id: ReplicaId, chart: Chart): void {
    const { supervisor } = this.#ports;
    const now = supervisor.find(id)?.standing;
    if (now === undefined) return;
    if (now === 'ejected' && !this.#isDown(chart)) {
      this.#tryOut(id, chart);
      return;
    }
    const complaints = [...chart.complaints.values()];
    const out = supervisor.replicas().filter(({ state }) => state === 'ejected').length;
    const replicas = supervisor.wanted;
    const allowed = mayEject({ ...this.#settings.ejection, alwaysAllowOne: true }, replicas, out);
    const verdict = standingOf(complaints, { replicas, mayEject: allowed, now });
    if (verdict.standing === 'ejected' && now !== 'ejected') {
      const causes = complaints.filter(({ severity }) => severity === 'down').map(({ cause }) => cause);
      this.ejected.emit({ replica: id, causes, reason: verdict.reason });
    }
    supervisor.assess(id, verdict.standing, verdict.reason);
  }

  /** Every reason is gone; one prediction more, and it serves again. */
  #tryOut(id: ReplicaId, chart: Chart): void {
    if (chart.isOnProbation) return;
    chart.isOnProbation = true;
    this.#ports.probation(id, (passed) => {
      chart.isOnProbation = false;
      if (this.#charts.get(id) !== chart || this.#isDown(chart)) return;
      if (!passed) {
        this.#tryOutLater(id, chart);
        return;
      }
      const complaints = [...chart.complaints.values()];
      const facts = { replicas: this.#ports.supervisor.wanted, mayEject: true, now: 'ejected' } as const;
      this.readmitted.emit(id);
      this.#ports.supervisor.assess(id, standingOf(complaints, facts).standing, 'every reason is gone');
    });
  }

  #tryOutLater(id: ReplicaId, chart: Chart): void {
    const { clock } = this.#ports;
    // An earlier one would outlive the chart: only the last is cancelled with it.
    chart.probationAlarm?.cancel();
    chart.probationAlarm = clock.at(clock.now() + this.#settings.readiness.periodMs, () => {
      if (!this.#isDown(chart)) this.#tryOut(id, chart);
    });
  }

  #countEjection(id: ReplicaId, chart: Chart): void {
    const now = this.#ports.clock.now();
    chart.errorEjections.add(now);
    const times = chart.errorEjections.count(now);
    if (times >= this.#settings.ejection.maxTimes) {
      this.#restart(id, chart, `it was ejected ${times} times in ten minutes`);
    }
  }

  #restartLater(id: ReplicaId, chart: Chart): void {
    if (chart.restartAlarm !== undefined) return;
    const { clock } = this.#ports;
    const { restartAfterMs } = this.#settings.readiness;
    chart.restartAlarm = clock.at(clock.now() + restartAfterMs, () => {
      chart.restartAlarm = undefined;
      const still = ['readiness', 'golden'].some(
        (cause) => chart.complaints.get(cause as ComplaintCause)?.severity === 'down',
      );
      if (still) this.#restart(id, chart, `it failed its checks for ${Math.round(restartAfterMs / 1000)} s`);
    });
  }

  /** One at a time: while another one is on its way, this one waits its turn. */
  #restart(id: ReplicaId, chart: Chart, reason: string): void {
    const { clock, supervisor } = this.#ports;
    if (this.#charts.get(id) !== chart) return;
    if (supervisor.isOneComing) {
      chart.restartAlarm?.cancel();
      chart.restartAlarm = clock.at(clock.now() + this.#settings.beatPeriodMs, () =>
        this.#restart(id, chart, reason),
      );
      return;
    }
    supervisor.drain(id, { reason, afterwards: 'fault' });
  }
}
