import type { ModelRegistry } from './model-registry.ts';

/** Where the server is between its first line and its last. */
export type ServerPhase = 'starting' | 'serving' | 'lame duck' | 'draining';

/** Answers the three questions that an orchestrator asks. */
export class ServerHealth {
  readonly #registry: ModelRegistry;
  #phase: ServerPhase = 'starting';
  #hasStarted = false;

  constructor(registry: ModelRegistry) {
    this.#registry = registry;
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

  /** Every version has been ready once. It stays true: later trouble is readiness' to tell. */
  get hasStarted(): boolean {
    this.#hasStarted ||=
      this.#phase !== 'starting' && this.#registry.all().every((version) => version.isReady);
    return this.#hasStarted;
  }

  /** Why the server should get no traffic now; undefined when it should. */
  whyNotReady(): string | undefined {
    if (this.#phase === 'starting') return 'settings are being read';
    if (this.#phase !== 'serving') return 'the server is shutting down';
    const missing = this.#registry.all().filter((version) => !version.isReady);
    if (missing.length === 0) return undefined;
    return missing
      .map(
        (version) =>
          `${version.name} is ${version.state === 'ready' ? 'without a ready replica' : version.state}`,
      )
      .join(', ');
  }
}
