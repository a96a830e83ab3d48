import type { Clock } from '../../base/clock.ts';
import { isRefusal } from '../../base/errors.ts';
import type { SpawnQueue } from '../../fleet/lifecycle/spawn-queue.ts';
import { type AnswerComparator, COMPARATOR } from '../../fleet/monitor/answer-comparator.ts';
import type { DependencyChecker, VersionPorts } from '../../fleet/version/version-spec.ts';
import type { Spawner } from '../../replica/replica.ts';
import { withoutContents } from '../../replica/sample-input.ts';
import type { Batch } from '../../work/batch.ts';
import type { Outcome, OutcomeSink } from '../../work/outcome.ts';
import { type EventSink, INPUT, type InputKind, REFUSED_REASONS } from './recording.ts';

/** Messages of a model are recorded up to this length, in characters; no decision depends on the rest. */
const MAX_MESSAGE_LENGTH = 1_024;

/** Ports that record each input before they pass it on. */
export function recordingPorts(recorder: EventSink, version: number, ports: VersionPorts): VersionPorts {
  const { dependencies: checker, spawnQueue } = ports;
  return {
    ...ports,
    clock: recordingClock(recorder, version, ports.clock),
    spawner: recordingSpawner(recorder, version, ports.spawner),
    comparator: recordingComparator(recorder, version, ports.comparator ?? COMPARATOR),
    ...(spawnQueue === undefined ? {} : { spawnQueue: recordingQueue(recorder, version, spawnQueue) }),
    ...(checker === undefined ? {} : { dependencies: recordingChecker(recorder, version, checker) }),
  };
}

/** Numbers timers in the order in which they are set, which a replay repeats. */
function recordingClock(recorder: EventSink, version: number, clock: Clock): Clock {
  let asked = 0;
  const recorded = (kind: InputKind, run: () => void) => {
    const a = asked++;
    return () => {
      recorder.write(version, kind, { a });
      run();
    };
  };
  return {
    now: () => clock.now(),
    at: (dueMs, wake, rank) => clock.at(dueMs, recorded(INPUT.WOKE, wake), rank),
    endOfTurn: (run) => clock.endOfTurn(recorded(INPUT.TURN_ENDED, run)),
  };
}

function recordingSpawner(recorder: EventSink, version: number, spawner: Spawner): Spawner {
  const spawn: Spawner['spawn'] = (id, incarnation, placement, observer) => {
    const [a, b] = [recorder.pinnedTextId(id), incarnation];
    const replica = spawner.spawn(id, incarnation, placement, {
      loaded: (metadata) => {
        const text = JSON.stringify(withoutContents(metadata));
        recorder.loaded(version, text);
        recorder.write(version, INPUT.LOADED, { a, b, text: recorder.textId(text) });
        observer.loaded(metadata);
      },
      loadFailed: (message) => {
        const text = recorder.textId(message.slice(0, MAX_MESSAGE_LENGTH));
        recorder.write(version, INPUT.LOAD_FAILED, { a, b, text });
        observer.loadFailed(message);
      },
      credited: (batches) => {
        recorder.write(version, INPUT.CREDITED, { a, b, value: batches });
        observer.credited(batches);
      },
      heartbeat: (heartbeat) => {
        const { batches: text, rssBytes: value } = heartbeat;
        recorder.write(version, INPUT.HEARTBEAT, { a, b, text, value });
        observer.heartbeat(heartbeat);
      },
      exited: (exit) => {
        recorder.write(version, INPUT.EXITED, { a, b, text: recorder.textId(JSON.stringify(exit)) });
        observer.exited(exit);
      },
    });
    return {
      id,
      incarnation,
      start: (batch, sink) => replica.start(batch, recordingSink(recorder, version, batch, sink)),
      cancel: (batch, member) => replica.cancel(batch, member),
      drain: () => replica.drain(),
      kill: (cause) => replica.kill(cause),
    };
  };
  return { spawn };
}

/** Members are mostly answered in order within one turn: such a run is one event. */
function recordingSink(recorder: EventSink, version: number, batch: Batch, sink: OutcomeSink): OutcomeSink {
  const a = batch.id;
  return {
    part: (member, answer) => {
      if (isRefusal(answer)) {
        const flag = REFUSED_REASONS.indexOf(answer.reason);
        const text = recorder.textId(answer.message.slice(0, MAX_MESSAGE_LENGTH));
        recorder.write(version, INPUT.REFUSED, { flag, a, b: member, text });
      } else {
        recorder.answered(version, a, member);
      }
      sink.part(member, answer);
    },
    end: (outcome) => {
      // Warmup decides by the memory of a batch, so a replay needs the same value.
      const isPlain = outcome.kind === 'done' && outcome.memory === undefined;
      const text = recorder.textId(isPlain ? '' : JSON.stringify(shortened(outcome)));
      const value = outcome.kind === 'done' ? outcome.computeMs : 0;
      recorder.write(version, INPUT.ENDED, { a, b: batch.rows, text, value });
      sink.end(outcome);
    },
  };
}

function shortened(outcome: Outcome): Outcome {
  return outcome.kind === 'threw' && outcome.message.length > MAX_MESSAGE_LENGTH
    ? { ...outcome, message: outcome.message.slice(0, MAX_MESSAGE_LENGTH) }
    : outcome;
}

function recordingComparator(
  recorder: EventSink,
  version: number,
  comparator: AnswerComparator,
): AnswerComparator {
  const judged = (is: boolean) => {
    recorder.write(version, INPUT.JUDGED, { flag: is ? 1 : 0 });
    return is;
  };
  const described = (problem: string) => {
    recorder.write(version, INPUT.JUDGED, { text: recorder.textId(problem) });
    return problem;
  };
  return {
    isSame: (one, other, tolerance) => judged(comparator.isSame(one, other, tolerance)),
    areAlike: (answers) => judged(comparator.areAlike(answers)),
    isListed: (list, request) => judged(comparator.isListed(list, request)),
    formProblem: (before, answer) => described(comparator.formProblem(before, answer)),
    rowsProblem: (batch, counterparts, runs) => described(comparator.rowsProblem(batch, counterparts, runs)),
  };
}

function recordingChecker(
  recorder: EventSink,
  version: number,
  checker: DependencyChecker,
): DependencyChecker {
  let asked = 0;
  return {
    ...checker,
    check(dependency, timeoutMs, done) {
      const a = asked++;
      checker.check(dependency, timeoutMs, (problem) => {
        recorder.write(version, INPUT.DEPENDENCY, { a, text: recorder.textId(problem ?? '') });
        done(problem);
      });
    },
  };
}

function recordingQueue(recorder: EventSink, version: number, queue: SpawnQueue): SpawnQueue {
  let waited = 0;
  return {
    claim(name, granted) {
      // Set before it is read: a claim is never granted in the turn in which it begins to wait.
      let a = 0;
      const claim = queue.claim(name, () => {
        recorder.write(version, INPUT.GRANTED, { a });
        granted();
      });
      if (claim.isWaiting) {
        a = waited++;
        recorder.write(version, INPUT.WAITED, { a });
      }
      return claim;
    },
  };
}
