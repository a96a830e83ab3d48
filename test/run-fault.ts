import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { RunningServer } from './support/running-server.ts';

/** The fault catalogue, with real processes. */
const folder = new URL('fault', import.meta.url).pathname;
for (const entry of readdirSync(folder).sort()) {
  if (entry.endsWith('.test.js')) await import(join(folder, entry));
}
after(() => RunningServer.endAll());
