import type { VersionInService } from '../version/version-in-service.ts';
import type { ModelRegistry } from './model-registry.ts';

/** Where the server is between its first line and its last. */
export type ServerPhase = 'starting' | 'serving' | 'lame duck' | 'draining';

/** Answers the three questions that an orchestrator asks. */
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

  /** New work is let in until draining begins; the lame duck already says not ready but still serves. */
  get isAdmitting(): boolean {
    return this.#phase !== 'draining';
  }

  /**
   * Every required version has been ready once, or has failed: an orchestrator ends what does not start, and with it the
   * models that serve. It stays true: what failed, and later trouble, are readiness' to tell.
   */
  get hasStarted(): boolean {
    this.#hasStarted ||= this.#phase !== 'starting' && this.#areModelsSettled();
    return this.#hasStarted;
  }

  #areModelsSettled(): boolean {
    if (this.whyModelsNotReady() === undefined) return true;
    return this.#required().every((version) => version.isReady || version.state === 'failed');
  }

  /** Why the server should get no traffic now; undefined when it should. */
  whyNotReady(): string | undefined {
    if (this.#phase === 'starting') return 'settings are being read';
    if (this.#phase !== 'serving') return 'the server is shutting down';
    return this.whyModelsNotReady();
  }

  /** What the models lack; with `any`, one that is ready is enough. */
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
