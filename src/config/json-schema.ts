import { z } from 'zod';
import { ServerSettings } from './server-settings.ts';

/** The part of JSON Schema that our settings use. */
export interface SchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
}

/** All settings as JSON Schema: what `galley.schema.json`, the documentation and error messages are made of. */
export function settingsSchema(): SchemaNode {
  return z.toJSONSchema(ServerSettings, { io: 'input' }) as SchemaNode;
}

/** The schema of what stands at a path of settings; undefined where nothing may stand. */
export function schemaAt(root: SchemaNode, path: readonly PropertyKey[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const key of path) {
    const more: SchemaNode | boolean | undefined = node?.additionalProperties;
    node = node?.properties?.[String(key)] ?? (typeof more === 'object' ? more : undefined) ?? node?.items;
  }
  return node;
}
