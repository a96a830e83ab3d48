import type { VersionInService } from '../version/version-in-service.ts';
import type { ModelRegistry } from './model-registry.ts';

/** The phases of the server process, in order. */
export type ServerPhase = 'starting' | 'serving' | 'lame duck' | 'draining';

/** The answers to the startup, liveness and readiness checks of an orchestrator. */
export class ServerHealth {
  readonly #registry: ModelRegistry;
  readonly #readyWhen: 'all' | 'any';
  #phase: ServerPhase = 'starting';
  #hasStarted = false;

  constructor(registry: ModelRegistry, readyWhen: 'all' | 'any') {
    this.#registry = registry;
    this.#readyWhen = readyWhen;
  }

  get phase(): ServerPhase {
    return this.#phase;
  }

  enter(phase: ServerPhase): void {
    this.#phase = phase;
  }

  /** Requests are admitted until draining begins; in `lame duck` the server is not ready but still admits. */
  get isAdmitting(): boolean {
    return this.#phase !== 'draining';
  }

  /**
   * Whether every required version has been ready once or has failed: an orchestrator ends a server that does not
   * start, and with it the models that serve. Stays true; failures, also later ones, are reported by readiness.
   */
  get hasStarted(): boolean {
    this.#hasStarted ||= this.#phase !== 'starting' && this.#areModelsSettled();
    return this.#hasStarted;
  }

  #areModelsSettled(): boolean {
    if (this.whyModelsNotReady() === undefined) return true;
    return this.#required().every((version) => version.isReady || version.state === 'failed');
  }

  /** Why the server is not ready; undefined when it is. */
  whyNotReady(): string | undefined {
    if (this.#phase === 'starting') return 'the server is starting';
    if (this.#phase !== 'serving') return 'the server is shutting down';
    return this.whyModelsNotReady();
  }

  /** Which required models are not ready; undefined when all are, or with `any` when one is. */
  whyModelsNotReady(): string | undefined {
    const required = this.#required();
    const missing = required.filter((version) => !version.isReady);
    if (missing.length === 0) return undefined;
    if (this.#readyWhen === 'any' && missing.length < required.length) return undefined;
    return missing.map(whyMissing).join(', ');
  }

  #required(): VersionInService[] {
    return this.#registry.all().filter(({ spec }) => spec.settings.required);
  }
}

function whyMissing({ name, whyNotReady, failure }: VersionInService): string {
  return `${name} is ${whyNotReady}${failure === '' ? '' : `: ${failure}`}`;
}
