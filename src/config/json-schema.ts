import * as z from 'zod';
import { ServerSettings } from './server-settings.ts';

/** The part of JSON Schema that the settings use. */
export interface SchemaNode {
  readonly type?: string;
  /** In words, what a text with a pattern must be. */
  readonly title?: string;
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
  readonly minLength?: number;
  readonly minItems?: number;
  readonly format?: string;
  readonly pattern?: string;
}

/** All settings as JSON Schema, the source of `galley.schema.json`, the documentation and error messages. */
export function settingsSchema(): SchemaNode {
  return z.toJSONSchema(ServerSettings, { io: 'input' }) as SchemaNode;
}

/** The schema at a path of the settings; undefined where the path is not valid. */
export function schemaAt(root: SchemaNode, path: readonly PropertyKey[]): SchemaNode | undefined {
  let node: SchemaNode | undefined = root;
  for (const key of path) node = node && inside(node, String(key));
  return node;
}

function inside(node: SchemaNode, key: string): SchemaNode | undefined {
  const more = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
  const found = node.properties?.[key] ?? more ?? node.items;
  if (found !== undefined) return found;
  for (const one of node.anyOf ?? []) {
    const inOne = inside(one, key);
    if (inOne !== undefined) return inOne;
  }
  return undefined;
}
