import { channel } from 'node:diagnostics_channel';

/** An internal error of the server, and the place where it was caught. */
export interface Mistake {
  readonly where: string;
  readonly error: unknown;
}

const MISTAKES = channel('galley:mistake');

/** Publishes a contained internal error. Throws it when there is no subscriber, so that it is never lost. */
export function reportMistake(where: string, error: unknown): void {
  if (!MISTAKES.hasSubscribers) throw error;
  MISTAKES.publish({ where, error });
}

/** Returns a function that removes the listener. */
export function onMistake(listener: (mistake: Mistake) => void): () => void {
  const receive = (message: unknown) => listener(message as Mistake);
  MISTAKES.subscribe(receive);
  return () => void MISTAKES.unsubscribe(receive);
}

/** Runs a callback whose exceptions must not reach its caller: they are reported as mistakes. */
export function guarded(where: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    reportMistake(where, error);
  }
}
