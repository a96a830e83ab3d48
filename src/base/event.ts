/** Something that has happened, told to whoever asked. Listeners only listen: nothing is decided by them. */
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
    for (const listener of this.#listeners) listener(fact);
  }
}
