import type { ServerResponse } from 'node:http';
import { type Decision, type DecisionLog, FREQUENT } from '../base/decision-log.ts';
import { type Refusal, refuse } from '../base/errors.ts';
import { decisionWords } from '../observe/decision-words.ts';

type Query = Readonly<Record<string, string | undefined>>;

const DEFAULT_LIMIT = 200;
const WHOLE_NUMBER = /^\d{1,15}$/;
/** What a reader who does not read may leave behind before it is cut off. */
const MAX_UNREAD_BYTES = 1024 * 1024;

/** The decision log for readers: a list, or as it grows. */
export class DecisionStream {
  readonly #log: DecisionLog;
  readonly #wallMs: (at: number) => number;
  readonly #readers = new Set<ServerResponse>();

  constructor(log: DecisionLog, wallMs: (at: number) => number) {
    this.#log = log;
    this.#wallMs = wallMs;
  }

  /** By model, kind (several with commas), since a decision's id, at most `limit`, the latest ones. */
  list(query: Query): { readonly decisions: readonly object[] } | Refusal {
    const { since, limit } = query;
    for (const [name, value] of Object.entries({ since, limit })) {
      if (value !== undefined && !WHOLE_NUMBER.test(value)) {
        return refuse('INVALID_INPUT', `'${name}' is '${value.slice(0, 40)}', wanted a whole number`);
      }
    }
    const found = this.#log.list().filter((decision) => matches(decision, query));
    const last = found.slice(-Number(limit ?? DEFAULT_LIMIT));
    return { decisions: last.map((decision) => this.#show(decision)) };
  }

  /** Sends what is known and then every decision as it is made, as server-sent events. The frequent ones are left out. */
  open(res: ServerResponse, query: Query): void {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const send = (decision: Decision) => {
      if (!matches(decision, query)) return;
      res.write(
        `id: ${decision.id}\nevent: ${decision.kind}\ndata: ${JSON.stringify(this.#show(decision))}\n\n`,
      );
      if (res.writableLength > MAX_UNREAD_BYTES) res.destroy();
    };
    for (const decision of this.#log.list()) if (!FREQUENT.has(decision.kind)) send(decision);
    const stop = this.#log.added.on(send);
    this.#readers.add(res);
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
    return { time: new Date(this.#wallMs(at)).toISOString(), ...rest, words: decisionWords(decision) };
  }
}

function matches(decision: Decision, { model, kind, since }: Query): boolean {
  if (model !== undefined && decision.model !== model) return false;
  if (kind !== undefined && !kind.split(',').includes(decision.kind)) return false;
  return since === undefined || decision.id > Number(since);
}
