import { reportMistake } from './mistake.ts';

/** An event with listeners. A listener that throws is reported and does not stop the others. */
export class Event<T> {
  #listeners: readonly ((fact: T) => void)[] = [];

  /** Returns a function that removes the listener. */
  on(listener: (fact: T) => void): () => void {
    this.#listeners = [...this.#listeners, listener];
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== listener);
    };
  }

  emit(fact: T): void {
    for (const listener of this.#listeners) {
      try {
        listener(fact);
      } catch (error) {
        reportMistake('a listener', error);
      }
    }
  }
}
