import { reportMistake } from './mistake.ts';

/** Something that has happened. A listener that throws is reported and stops nobody. */
export class Event<T> {
  #listeners: readonly ((fact: T) => void)[] = [];

  /** Returns how to stop listening. */
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
