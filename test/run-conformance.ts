import { after } from 'node:test';
import { RunningServer } from './support/running-server.ts';

/** Conformance tests with random models and with models reported from the field. */
await import('./conformance/merging.test.ts');
await import('./conformance/field.test.ts');
after(() => RunningServer.endAll());
