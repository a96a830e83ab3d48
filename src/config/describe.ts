import { wantedText } from './explain-issues.ts';
import { type SchemaNode, schemaAt, settingsSchema } from './json-schema.ts';

interface Row {
  readonly key: string;
  readonly node: SchemaNode;
}

/** The page docs/configuration.md, generated from the schema so that the two cannot differ. */
export function describeSettings(): string {
  const schema = settingsSchema();
  const model = schemaAt(schema, ['models', 'any']) ?? {};
  const route = schemaAt(schema, ['routes', 'any']) ?? {};
  const use = formsOf(schemaAt(route, ['otherwise']));
  const isModelPart = ({ key }: Row) => /^(models|defaults|routes)/.test(key);
  return [
    '# Settings',
    '',
    'Generated from the schema in `src/config/` by `npm run docs`. `galley.schema.json` describes the same settings for',
    'editors: begin the settings file with `# yaml-language-server: $schema=./galley.schema.json`.',
    '',
    'No setting is required. The first source that sets a value wins: command-line flag, environment variable',
    '(`GALLEY_HOST`, `GALLEY_PORT`, `GALLEY_LOG_LEVEL`), `galley.yaml`, `model.yaml` beside the model, `defaults` in',
    '`galley.yaml`, built-in default. An invalid value is refused, never adjusted. Names of durations end in `Ms`',
    '(milliseconds), names of sizes in `Bytes`.',
    '',
    '## Server settings (`galley.yaml`)',
    '',
    ...table(rowsOf(schema).filter((row) => !isModelPart(row))),
    '| `defaults` | a group of settings | | Settings for all models: any of the model settings below. |',
    '| `models` | settings by model name | | Settings per model: any of the model settings below. They override the model.yaml of the model. |',
    '| `routes` | settings by route name | | Public names with rules that lead to models: any of the route settings below. Clients call a route like a model. In a name, * stands for any characters. |',
    '',
    '## Model settings (`models.<name>` in `galley.yaml`, or `models/<name>/model.yaml`)',
    '',
    ...table(rowsOf(model)),
    '',
    '## Route settings (`routes.<name>` in `galley.yaml`)',
    '',
    'A decision (`use`, `otherwise`) is the name of a target, or a group of the settings of the next table.',
    '',
    ...table(rowsOf(route)),
    '',
    '## Settings of a decision of a route',
    '',
    ...table(rowsOf(use)),
    '',
    '## Settings of a step of `fallback` that is no target',
    '',
    ...table(rowsOf(formsOf(schemaAt(route, ['fallback', '0'])))),
    '',
  ].join('\n');
}

function table(rows: readonly Row[]): string[] {
  return [
    '| setting | value | default | description |',
    '|---|---|---|---|',
    ...rows.map(({ key, node }) => {
      const fallback = node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``;
      return `| \`${key}\` | ${wantedText(node) ?? ''} | ${fallback} | ${node.description ?? ''} |`;
    }),
  ];
}

/** The group among the forms of a setting that may also be text. */
function formsOf(node: SchemaNode | undefined): SchemaNode {
  return node?.anyOf?.find(({ properties }) => properties !== undefined) ?? {};
}

function rowsOf(node: SchemaNode, prefix = ''): Row[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = `${prefix}${name}`;
    const row = { key, node: child };
    if (child.items?.properties !== undefined) return [row, ...rowsOf(child.items, `${key}[].`)];
    if (child.properties === undefined) return [row];
    const inner = rowsOf(child, `${key}.`);
    // A group that also takes arbitrary names is a setting of its own.
    return typeof child.additionalProperties === 'object' ? [row, ...inner] : inner;
  });
}
