import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { RunningServer } from './support/running-server.ts';

/** What clients and models may do to us, with real processes. */
const folder = new URL('hostile', import.meta.url).pathname;
for (const entry of readdirSync(folder).sort()) {
  if (entry.endsWith('.test.js')) await import(join(folder, entry));
}
after(() => RunningServer.endAll());
