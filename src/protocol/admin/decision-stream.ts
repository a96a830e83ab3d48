import type { ServerResponse } from 'node:http';
import type { Decision } from '../../observe/decisions/decision.ts';
import type { DecisionLog } from '../../observe/decisions/decision-log.ts';
import { describeDecision } from '../../observe/decisions/describe-decision.ts';
import { type DecisionQuery, isWanted } from './decision-query.ts';

/** The decision log for readers: a list, or as it grows. */
export class DecisionStream {
  readonly #log: DecisionLog;
  readonly #wallMs: (at: number) => number;
  readonly #readers = new Set<ServerResponse>();

  constructor(log: DecisionLog, wallMs: (at: number) => number) {
    this.#log = log;
    this.#wallMs = wallMs;
  }

  /** Those that are wanted, the latest ones. */
  list(query: DecisionQuery): { readonly decisions: readonly object[] } {
    const found = this.#log.list().filter((decision) => isWanted(decision, query));
    return { decisions: found.slice(-query.limit).map((decision) => this.#show(decision)) };
  }

  /**
   * Sends what is known and then every decision as it is made, as server-sent events. The frequent ones are left out. What a
   * reader does not take waits in the log, not in memory of its own: one that is too slow misses what the log forgets.
   */
  open(res: ServerResponse, query: DecisionQuery): void {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const reader = new Reader(this.#log, query, (decision) =>
      res.write(
        `id: ${decision.id}\nevent: ${decision.kind}\ndata: ${JSON.stringify(this.#show(decision))}\n\n`,
      ),
    );
    reader.read();
    const stop = this.#log.added.on(() => reader.added());
    this.#readers.add(res);
    res.on('drain', () => reader.read());
    res.on('close', () => {
      stop();
      this.#readers.delete(res);
    });
  }

  /** The server ends: nothing more will be decided. */
  close(): void {
    for (const reader of this.#readers) reader.end();
  }

  #show(decision: Decision): object {
    const { at, ...rest } = decision;
    return { time: new Date(this.#wallMs(at)).toISOString(), ...rest, words: describeDecision(decision) };
  }
}

/** How far a reader has come in the log. */
class Reader {
  readonly #log: DecisionLog;
  readonly #query: DecisionQuery;
  /** False when the reader has enough for now. */
  readonly #write: (decision: Decision) => boolean;
  #since: number;
  #isFull = false;
  /** What was in the log when it was last asked, and is still to be sent. */
  #page: Decision[] = [];

  constructor(log: DecisionLog, query: DecisionQuery, write: (decision: Decision) => boolean) {
    this.#log = log;
    this.#query = query;
    this.#write = write;
    this.#since = query.since;
  }

  added(): void {
    if (!this.#isFull) this.read();
  }

  /** Sends as much as the reader takes. */
  read(): void {
    this.#isFull = false;
    for (;;) {
      if (this.#page.length === 0) this.#page = this.#nextPage();
      const next = this.#page.pop();
      if (next === undefined) return;
      this.#since = next.id;
      if (this.#write(next)) continue;
      this.#isFull = true;
      return;
    }
  }

  /** The latest first: the last is taken off cheaply. */
  #nextPage(): Decision[] {
    const query = { ...this.#query, since: this.#since };
    return this.#log
      .rareSince(this.#since)
      .filter((decision) => isWanted(decision, query))
      .reverse();
  }
}
