import { after } from 'node:test';
import { RunningServer } from './support/running-server.ts';

/** What a server does with models it has never seen: random ones, and those that others stumbled over. */
await import('./conformance/merging.test.ts');
await import('./conformance/field.test.ts');
after(() => RunningServer.endAll());
