import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { RunningServer } from './support/running-server.ts';

/** End to end: real servers, real child processes, loopback ports chosen by the system. */
const folder = new URL('e2e', import.meta.url).pathname;
for (const entry of readdirSync(folder).sort()) {
  if (entry.endsWith('.test.js')) await import(join(folder, entry));
}
after(() => RunningServer.endAll());
