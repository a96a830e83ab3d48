import { describeSettings } from '../src/config/describe.ts';
import { settingsSchema } from '../src/config/json-schema.ts';
import { describeMetrics } from '../src/observe/metrics/metric-catalogue.ts';

/** Files that are generated from the code, so that they cannot differ from it. */
export const DOCUMENTS: readonly { readonly file: string; readonly print: () => string }[] = [
  { file: 'docs/configuration.md', print: describeSettings },
  { file: 'docs/metrics.md', print: describeMetrics },
  { file: 'galley.schema.json', print: () => `${JSON.stringify(settingsSchema(), null, 2)}\n` },
];
