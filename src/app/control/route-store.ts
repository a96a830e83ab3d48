import { createRequire } from 'node:module';
import type Database from 'libsql';
import type { Logger } from 'pino';
import * as z from 'zod';
import { messageOf } from '../../base/errors.ts';
import type { RouteState } from '../../gateway/routes/active-route.ts';

const Count = z.number().min(0);
const Side = z.object({ requests: Count, errors: Count, timed: Count, dragged: Count });

/** The form of a stored state: the file may have been edited. */
const StoredState = z.object({
  canary: z
    .object({
      ...{ from: z.string(), to: z.string(), reason: z.string() },
      phase: z.enum(['running', 'paused', 'rolled back', 'promoted']),
      ...{ step: z.int().min(0), atStepMs: Count, requestsAtStep: Count },
      counts: Side.extend({ slow: Count, late: Count, disagreed: Count, compared: Count }),
      control: Side,
    })
    .optional(),
  experiment: z
    .object({
      control: z.string(),
      phase: z.enum(['running', 'paused', 'rolled back', 'promoted']),
      winner: z.string().optional(),
      reason: z.string(),
      outcomes: z.array(
        z.tuple([z.string(), z.object({ count: Count, mean: z.number(), squares: z.number() })]),
      ),
    })
    .optional(),
});

/** A lock of another process is not waited for: the event loop would wait too. The next write comes soon. */
const BUSY_MS = 0;

/**
 * Keeps the states of canaries and experiments in a SQLite file. A file that cannot be read or written is reported, and
 * serving goes on without it.
 */
export class RouteStore {
  readonly #file: string;
  readonly #log: Logger;
  #database: Database.Database | undefined;
  #save: Database.Statement | undefined;
  #problem: string | undefined;

  constructor(file: string, log: Logger) {
    this.#file = file;
    this.#log = log;
    try {
      this.#open();
    } catch (caught) {
      this.#fail('cannot be used', caught);
      this.close();
    }
  }

  /** Why states are not kept; undefined while they are. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The state of a route from before; undefined when there is none that can be read. */
  load(route: string): RouteState | undefined {
    if (this.#database === undefined) return undefined;
    try {
      const row = this.#database.prepare('SELECT state FROM route_state WHERE route = ?').get(route);
      if (row === undefined) return undefined;
      return StoredState.parse(JSON.parse(String((row as { state: unknown }).state))) as RouteState;
    } catch (caught) {
      this.#fail(`has no usable state of the route '${route}', which starts anew`, caught);
      return undefined;
    }
  }

  /** Whether the state is written. */
  save(route: string, state: string): boolean {
    if (this.#save === undefined) return false;
    try {
      this.#save.run(route, state, Date.now());
      this.#problem = undefined;
      return true;
    } catch (caught) {
      if (this.#problem === undefined) this.#fail('cannot be written', caught);
      return false;
    }
  }

  close(): void {
    try {
      this.#database?.close();
    } catch {
      // What could not be written was reported before.
    }
    this.#database = undefined;
    this.#save = undefined;
  }

  #open(): void {
    // Loaded only where a route has a state: the driver is native code.
    const Driver = createRequire(import.meta.url)('libsql') as typeof Database;
    const database = new Driver(this.#file, { timeout: BUSY_MS });
    this.#database = database;
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    database.exec(
      'CREATE TABLE IF NOT EXISTS route_state (route TEXT PRIMARY KEY, state TEXT NOT NULL, saved_ms INTEGER NOT NULL)',
    );
    this.#save = database.prepare(
      'INSERT INTO route_state VALUES (?, ?, ?) ON CONFLICT (route) DO UPDATE SET state = excluded.state, saved_ms = excluded.saved_ms',
    );
  }

  #fail(what: string, caught: unknown): void {
    this.#problem = `${this.#file} ${what}: ${messageOf(caught)}`;
    this.#log.error(
      { file: this.#file, error: messageOf(caught) },
      `the file of route states ${what}; serving goes on, and canaries and experiments are kept in memory`,
    );
  }
}
