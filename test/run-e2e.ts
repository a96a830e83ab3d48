import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** End to end: real servers, real child processes, loopback ports chosen by the system. */
const folder = new URL('e2e', import.meta.url).pathname;
for (const entry of readdirSync(folder).sort()) {
  if (entry.endsWith('.test.js')) await import(join(folder, entry));
}
