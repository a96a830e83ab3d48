import type { Event } from '../../base/event.ts';

/** A version's supervisor, or the catalog of all versions. */
interface Stoppable {
  /** Whether no replica process is left. */
  readonly isStopped: boolean;
  readonly ended: Pick<Event<unknown>, 'on'>;
}

/** Resolves when no replica process is left. */
export async function whenStopped(it: Stoppable): Promise<void> {
  if (it.isStopped) return;
  await new Promise<void>((resolve) => {
    it.ended.on(() => {
      if (it.isStopped) resolve();
    });
  });
}
