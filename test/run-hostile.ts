import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { RunningServer } from './support/running-server.ts';

/** Attacks on real servers: a file per kind, with a bound on the effect on a well-behaved client; then all at once. */
const folder = new URL('hostile', import.meta.url).pathname;
for (const entry of readdirSync(folder).sort()) {
  if (entry.endsWith('.test.js')) await import(join(folder, entry));
}
await import(new URL('soak/soak.test.js', import.meta.url).pathname);
after(() => RunningServer.endAll());
