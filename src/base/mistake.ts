import { channel } from 'node:diagnostics_channel';

/** An error that only a mistake of ours can bring about, and where it was caught. */
export interface Mistake {
  readonly where: string;
  readonly error: unknown;
}

const MISTAKES = channel('galley:mistake');

/** Tells the process of a mistake that was contained. Without a listener it is thrown: a mistake is never swallowed. */
export function reportMistake(where: string, error: unknown): void {
  if (!MISTAKES.hasSubscribers) throw error;
  MISTAKES.publish({ where, error });
}

/** Returns how to stop listening. */
export function onMistake(listener: (mistake: Mistake) => void): () => void {
  const receive = (message: unknown) => listener(message as Mistake);
  MISTAKES.subscribe(receive);
  return () => void MISTAKES.unsubscribe(receive);
}

/** Runs what must not take its caller along: whatever it throws ends here. */
export function guarded(where: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    reportMistake(where, error);
  }
}
