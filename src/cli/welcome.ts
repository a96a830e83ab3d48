import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PACKAGE_VERSION } from '../app/package-version.ts';
import type { GalleyServer } from '../app/server.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { TensorMetadata } from '../model/model-metadata.ts';

/** What is served, where, and how to try it: printed once everything is ready. */
export function welcome(server: GalleyServer, config: LoadedConfig, startMs: number): string {
  const versions = server.registry.all();
  const rows = versions.map((version) => {
    const { inputs = [], outputs = [] } = version.metadata ?? {};
    const count = version.spec.settings.replicas;
    const batches =
      version.path.maxBatchSize === 1 ? 'no batching' : `batches up to ${version.path.maxBatchSize}`;
    return [
      version.name,
      `${count} ${count === 1 ? 'replica' : 'replicas'}, ${batches}`,
      `${inputs.map(describeTensor).join(', ')} → ${outputs.map(describeTensor).join(', ')}`,
    ] as const;
  });
  const [nameWidth, factsWidth] = [0, 1].map((column) =>
    Math.max(...rows.map((row) => (row[column] as string).length)),
  );
  return [
    '',
    `Galley ${PACKAGE_VERSION} is ready after ${(startMs / 1000).toFixed(1)} s and serves:`,
    '',
    ...rows.map(
      ([name, facts, signature]) =>
        `  ${name.padEnd(nameWidth ?? 0)}  ${facts.padEnd(factsWidth ?? 0)}  ${signature}`,
    ),
    '',
    `  inference  ${server.url}/v2/models/{model}/infer   or, by hand, ${server.url}/v1/models/{model}:predict`,
    `  health     ${server.url}/health/ready   /health/live   /health/startup`,
    `  metrics    ${server.url}/metrics   replicas ${server.url}/admin/models`,
    '',
    'Try it:',
    '',
    ...tryLines(server, config).map((line) => `  ${line}`),
    '',
    '',
  ].join('\n');
}

function tryLines(server: GalleyServer, config: LoadedConfig): string[] {
  const versions = server.registry.all();
  const lines = versions.flatMap(({ spec }) => {
    const { example } = spec.settings;
    if (example === undefined) return [];
    const file = relative(process.cwd(), join(config.directory, example));
    return existsSync(file)
      ? [`curl ${server.url}/v2/models/${spec.model}/infer --data-binary @${file}`]
      : [];
  });
  const models = server.registry
    .models()
    .map((model) => `curl ${server.url}/v2/models/${encodeURIComponent(model)}`);
  return [...new Set([...lines, ...models])].slice(0, 2);
}

function describeTensor({ name, datatype, shape }: TensorMetadata): string {
  return `${name} ${datatype} [${shape.join(',')}]`;
}
