import type { ServerResponse } from 'node:http';
import type { Decision } from '../../observe/decisions/decision.ts';
import type { DecisionLog } from '../../observe/decisions/decision-log.ts';
import { describeDecision } from '../../observe/decisions/describe-decision.ts';
import { type DecisionQuery, isWanted } from './decision-query.ts';

/** Serves the decision log as a list or as a stream of server-sent events. */
export class DecisionStream {
  readonly #log: DecisionLog;
  readonly #wallMs: (at: number) => number;
  readonly #readers = new Set<ServerResponse>();

  constructor(log: DecisionLog, wallMs: (at: number) => number) {
    this.#log = log;
    this.#wallMs = wallMs;
  }

  /** The latest decisions that match the query. */
  list(query: DecisionQuery): { readonly decisions: readonly object[] } {
    const found = this.#log.list().filter((decision) => isWanted(decision, query));
    return { decisions: found.slice(-query.limit).map((decision) => this.#show(decision)) };
  }

  /**
   * Sends the decisions in the log and then each new one, as server-sent events, without the frequent kinds. Unsent
   * decisions wait in the log and use no other memory: a slow reader misses those that the log drops.
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

  /** Ends all streams when the server ends. */
  close(): void {
    for (const reader of this.#readers) reader.end();
  }

  #show(decision: Decision): object {
    const { at, ...rest } = decision;
    return { time: new Date(this.#wallMs(at)).toISOString(), ...rest, words: describeDecision(decision) };
  }
}

/** The position of one reader in the log. */
class Reader {
  readonly #log: DecisionLog;
  readonly #query: DecisionQuery;
  /** Returns false when the reader's buffer is full. */
  readonly #write: (decision: Decision) => boolean;
  #since: number;
  #isFull = false;
  /** Decisions of the last read of the log that are still to be sent. */
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

  /** Sends decisions until the reader's buffer is full. */
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

  /** Latest first, because removing the last element is cheap. */
  #nextPage(): Decision[] {
    const query = { ...this.#query, since: this.#since };
    return this.#log
      .rareSince(this.#since)
      .filter((decision) => isWanted(decision, query))
      .reverse();
  }
}
