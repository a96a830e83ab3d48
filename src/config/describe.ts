import { wantedText } from './explain-issues.ts';
import { type SchemaNode, schemaAt, settingsSchema } from './json-schema.ts';

interface Row {
  readonly key: string;
  readonly node: SchemaNode;
}

/** The page docs/configuration.md, printed from the schema, so that it cannot tell anything else. */
export function describeSettings(): string {
  const schema = settingsSchema();
  const model = schemaAt(schema, ['models', 'any']) ?? {};
  const isModelPart = (row: Row) => row.key.startsWith('models') || row.key.startsWith('defaults');
  return [
    '# Settings',
    '',
    'Generated from the schema in `src/config/`; `npm run docs` prints it anew. `galley.schema.json` holds the same for',
    'editors: begin the file with `# yaml-language-server: $schema=./galley.schema.json`.',
    '',
    'Nothing has to be set. What is written wins in this order: flag, environment (`GALLEY_HOST`, `GALLEY_PORT`,',
    '`GALLEY_LOG_LEVEL`), `galley.yaml`, `model.yaml` beside the model, `defaults` in `galley.yaml`, built-in default.',
    'A wrong value is refused, never bent; durations end in `Ms`, sizes in `Bytes`.',
    '',
    '## The server (`galley.yaml`)',
    '',
    ...table(rowsOf(schema).filter((row) => !isModelPart(row))),
    '| `defaults` | a group of settings | | Settings for every model: any of those below. |',
    '| `models` | settings by model name | | Settings of one model: any of those below. They win over its model.yaml. |',
    '',
    '## A model (`models.<name>` in `galley.yaml`, or `models/<name>/model.yaml`)',
    '',
    ...table(rowsOf(model)),
    '',
  ].join('\n');
}

function table(rows: readonly Row[]): string[] {
  return [
    '| setting | what it may be | default | what it does |',
    '|---|---|---|---|',
    ...rows.map(({ key, node }) => {
      const fallback = node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``;
      return `| \`${key}\` | ${wantedText(node) ?? ''} | ${fallback} | ${node.description ?? ''} |`;
    }),
  ];
}

function rowsOf(node: SchemaNode, prefix = ''): Row[] {
  return Object.entries(node.properties ?? {}).flatMap(([name, child]) => {
    const key = `${prefix}${name}`;
    const row = { key, node: child };
    if (child.properties === undefined) return [row];
    const inner = rowsOf(child, `${key}.`);
    // A group that takes any names besides is something to be set itself.
    return typeof child.additionalProperties === 'object' ? [row, ...inner] : inner;
  });
}
