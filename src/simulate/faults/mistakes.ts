import type { Clock } from '../../base/clock.ts';
import { onMistake } from '../../base/mistake.ts';
import type { Random } from '../../base/random.ts';
import type { BatchPolicy } from '../../batching/batch-policy.ts';
import type { ModelSettings } from '../../config/model-settings.ts';
import { makeBatching } from '../../fleet/version/make-batching.ts';
import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { VersionPorts } from '../../fleet/version/version-spec.ts';

/** A deliberate failure of a part of the server. */
class MadeMistake extends Error {
  override readonly name = 'MadeMistake';
}

/** Makes parts of the server fail at random, and checks that each failure was contained and reported. */
export class Mistakes {
  readonly #random: Random;
  readonly #share: () => number;
  readonly #stop: () => void;
  #made = 0;
  #told = 0;
  #unexpected: unknown;

  /** `share` gives the current probability of a failure at each opportunity. */
  constructor(random: Random, share: () => number) {
    this.#random = random;
    this.#share = share;
    this.#stop = onMistake(({ error }) => {
      if (error instanceof MadeMistake) this.#told += 1;
      else this.#unexpected ??= error;
    });
  }

  /** Throws with the current probability. */
  readonly maybe = (): void => {
    if (this.#random.unit() >= this.#share()) return;
    this.#made += 1;
    throw new MadeMistake('deliberate failure');
  };

  /** A failing clock for code that only reads the time. */
  clockOf(clock: Clock): Clock {
    return {
      now: () => {
        this.maybe();
        return clock.now();
      },
      at: (dueMs, wake, rank) => clock.at(dueMs, wake, rank),
      endOfTurn: (run) => clock.endOfTurn(run),
    };
  }

  /** Ports with a failing policy, through which batches cannot always be sent. */
  portsOf(ports: VersionPorts, settings: ModelSettings): VersionPorts {
    const { spawner } = ports;
    return {
      ...ports,
      makePolicy: (parts) => {
        const { policy, planOf } = makeBatching(settings, { ...parts, makePolicy: undefined });
        return { policy: this.#policyOf(policy), planOf };
      },
      spawner: {
        spawn: (id, incarnation, placement, observer) => {
          const replica = spawner.spawn(id, incarnation, placement, observer);
          const start: typeof replica.start = (batch, sink) => {
            this.maybe();
            replica.start(batch, sink);
          };
          return {
            ...{ id, incarnation, start },
            cancel: (batch, member) => replica.cancel(batch, member),
            drain: () => replica.drain(),
            kill: (cause) => replica.kill(cause),
          };
        },
      },
    };
  }

  /** Adds failing listeners. */
  listenTo(version: VersionInService): void {
    for (const event of [version.path.dispatcher.batchStarted, version.path.dispatcher.batchEnded]) {
      event.on(this.maybe);
    }
    version.path.service.requestSettled.on(this.maybe);
    version.supervisor.lifecycle.moved.on(this.maybe);
  }

  /** What was not contained; undefined when everything was. Call once, at the end. */
  end(): string | undefined {
    this.#stop();
    if (this.#unexpected !== undefined) return `an unexpected error: ${String(this.#unexpected)}`;
    return this.#told === this.#made
      ? undefined
      : `${this.#made} failures were made, ${this.#told} were reported`;
  }

  #policyOf(policy: BatchPolicy): BatchPolicy {
    return {
      choose: (lanes, facts) => {
        this.maybe();
        return policy.choose(lanes, facts);
      },
      fill: (lane, maxRows, facts) => {
        this.maybe();
        return policy.fill(lane, maxRows, facts);
      },
      targetRows: (lane, facts) => policy.targetRows(lane, facts),
    };
  }
}
