import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';
import { PACKAGE_VERSION } from '../app/machine/package-version.ts';
import { failureText } from '../app/machine/when-settled.ts';
import type { GalleyServer } from '../app/server.ts';
import type { LoadedConfig } from '../config/load-config.ts';
import type { VersionInService } from '../fleet/version/version-in-service.ts';
import type { TensorMetadata } from '../model/model-metadata.ts';
import { writeJsonData } from '../tensor/json-codec.ts';
import { dataBytes } from '../tensor/tensor.ts';

/** The text that `galley serve` prints once every model is ready or has failed: models, failures, URLs, samples. */
export function banner(server: GalleyServer, config: LoadedConfig, startMs: number): string {
  const all = server.registry.all();
  const versions = all.filter(({ state }) => state !== 'failed');
  const rows = versions.map((version) => {
    const { inputs = [], outputs = [] } = version.metadata ?? {};
    const batches =
      version.path.findings.maxBatchSize === 1
        ? 'no batching'
        : `batches up to ${version.path.findings.maxBatchSize}`;
    return [
      version.name,
      `${replicasText(version)}, ${batches}`,
      `${inputs.map(describeTensor).join(', ')} → ${outputs.map(describeTensor).join(', ')}`,
    ] as const;
  });
  const [nameWidth, factsWidth] = [0, 1].map((column) =>
    Math.max(...rows.map((row) => (row[column] as string).length)),
  );
  const failed = all.filter(({ state }) => state === 'failed');
  const isReady = server.health.whyNotReady() === undefined;
  return [
    '',
    `Galley ${PACKAGE_VERSION} is ${isReady ? 'ready' : 'up, but NOT READY,'} after ${(startMs / 1000).toFixed(1)} s and serves${versions.length === 0 ? ' no model' : ''}:`,
    ...failedLines(failed),
    '',
    ...rows.map(
      ([name, facts, signature]) =>
        `  ${name.padEnd(nameWidth ?? 0)}  ${facts.padEnd(factsWidth ?? 0)}  ${signature}`,
    ),
    '',
    `  inference  ${server.url}/v2/models/{model}/infer   or, as plain JSON, ${server.url}/v1/models/{model}:predict`,
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

function failedLines(failed: readonly VersionInService[]): string[] {
  if (failed.length === 0) return [];
  return [
    '',
    ...failed.flatMap((version) => {
      const { required, health } = version.spec.settings;
      const again = `retried every ${health.restart.retryFailedMs / 1000} s`;
      return [
        `  FAILED  ${failureText(version)}`,
        `          ${again}${required ? '' : '; not needed for readiness (required: false)'}`,
      ];
    }),
  ];
}

function tryLines(server: GalleyServer, config: LoadedConfig): string[] {
  const versions = server.registry.all().filter(({ state }) => state !== 'failed');
  const lines = versions.flatMap(({ spec }) => {
    const { example } = spec.settings;
    if (example === undefined) return [];
    const file = relative(process.cwd(), join(config.directory, example));
    return existsSync(file)
      ? [`curl ${server.url}/v2/models/${spec.model}/infer --data-binary @${file}`]
      : [];
  });
  const samples = versions.flatMap((version) => sampleLine(server.url, version) ?? []);
  const models = versions.map(({ spec }) => `curl ${server.url}/v2/models/${encodeURIComponent(spec.model)}`);
  return [...new Set([...lines, ...samples, ...models])].slice(0, 2);
}

/** Longest sample input (bytes) and body (characters) that is shown. */
const LONGEST_SAMPLE = 300;

/** A curl command with the input that warmup chose; undefined where that input is too long. */
function sampleLine(url: string, { spec, loaded }: VersionInService): string | undefined {
  const [row] = loaded?.inputs.chosen ?? [];
  if (row === undefined || spec.settings.example !== undefined) return undefined;
  const bytes = dataBytes(row.request.inputs);
  if (bytes > LONGEST_SAMPLE) return undefined;
  const inputs = row.request.inputs.map((input) => {
    const { name, datatype, shape } = input;
    return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape}],"data":${writeJsonData(input)}}`;
  });
  const body = `{"inputs":[${inputs.join(',')}]}`;
  if (body.length > LONGEST_SAMPLE || body.includes("'")) return undefined;
  return `curl ${url}/v2/models/${encodeURIComponent(spec.model)}/infer -d '${body}'`;
}

function describeTensor({ name, datatype, shape }: TensorMetadata): string {
  return `${name} ${datatype} [${shape.join(',')}]`;
}

function replicasText({ spec: { settings } }: VersionInService): string {
  const { replicas, autoscaling } = settings;
  if (autoscaling !== undefined) return `${autoscaling.minReplicas} to ${autoscaling.maxReplicas} replicas`;
  return `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}`;
}
