import { Worker } from 'node:worker_threads';
import { Event } from '../../base/event.ts';
import type { LoadedConfig } from '../../config/load-config.ts';
import { SettingsError } from '../../config/settings-problem.ts';
import type { WatchSettings } from '../../config/watch-settings.ts';
import type { FromModelsThread, ToModelsThread } from './models-messages.ts';
import type { ModelScan } from './scan-models.ts';
import type { Settled } from './settling.ts';
import type { WatchedPlaces } from './watched-files.ts';

interface Waiting {
  readonly resolve: (scan: ModelScan) => void;
  readonly reject: (why: Error) => void;
}

const STOPPED = new SettingsError(['the server is shutting down']);

/** Reads and watches model files in a thread, because files may be large and file systems slow. */
export class ModelsThread {
  /** Files have changed and are complete. */
  readonly changed = new Event<Settled>();
  /** There are more files than are watched. */
  readonly cut = new Event<undefined>();
  readonly #waiting = new Map<number, Waiting>();
  readonly #script: URL;
  #worker: Worker | undefined;
  #ids = 0;
  #watched: ToModelsThread | undefined;
  #isStopped = false;

  constructor(script = new URL('./models-worker.js', import.meta.url)) {
    this.#script = script;
  }

  /** Lists the models. Rejects with a SettingsError when the folder cannot be read. */
  async scan(config: LoadedConfig): Promise<ModelScan> {
    if (this.#isStopped) throw STOPPED;
    const id = ++this.#ids;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#send({ kind: 'scan', id, config });
    });
  }

  /** Watches these places from now on, in place of those before. */
  watch(places: WatchedPlaces, settings: WatchSettings): void {
    if (this.#isStopped) return;
    this.#watched = { kind: 'watch', places, settings };
    this.#send(this.#watched);
  }

  /** No thread is started after this. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
    this.#fail(STOPPED);
  }

  #send(message: ToModelsThread): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const worker = new Worker(this.#script);
    let hasWorked = false;
    worker.unref();
    worker.on('message', (message: FromModelsThread) => {
      hasWorked = true;
      this.#receive(message);
    });
    worker.on('error', (caught) => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#fail(caught);
      // One that fails at once would fail again: the next scan starts another.
      if (hasWorked && this.#watched !== undefined) this.#send(this.#watched);
    });
    return worker;
  }

  #receive(message: FromModelsThread): void {
    if (message.kind === 'changed') this.changed.emit(message);
    else if (message.kind === 'cut') this.cut.emit(undefined);
    else {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.kind === 'scanned') waiting?.resolve(message.scan);
      else waiting?.reject(new SettingsError(message.problems));
      this.#endIfIdle();
    }
  }

  /** A thread that watches nothing is needed rarely, and takes memory. */
  #endIfIdle(): void {
    if (this.#watched !== undefined || this.#waiting.size > 0) return;
    const worker = this.#worker;
    this.#worker = undefined;
    void worker?.terminate();
  }

  #fail(why: unknown): void {
    const error = why instanceof Error ? why : new Error(String(why));
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
