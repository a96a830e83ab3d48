import { setTimeout as pause } from 'node:timers/promises';

/** Waits until a condition holds; fails with its description at the timeout. */
export async function until<T>(
  what: string,
  condition: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = 20_000,
): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    const result = await condition();
    if (result !== undefined && result !== false) return result;
    if (performance.now() - startedAt > limitMs)
      throw new Error(`waited ${limitMs} ms in vain until ${what}`);
    await pause(5);
  }
}
