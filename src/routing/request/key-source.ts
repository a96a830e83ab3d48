import type { RequestView } from './request-view.ts';
import { headerOf } from './request-view.ts';

/** A text of a request that identifies its user, or names its target. */
export interface KeySource {
  /** As written in the settings, such as `header:x-user-id`. */
  readonly source: string;
  readonly needsBody: boolean;
  /** undefined when the request has none, or its body is not read yet. */
  keyOf(view: RequestView): string | undefined;
}

/** Compiles `tenant`, `id`, `header:NAME` or `parameter:NAME`. */
export function compileKeySource(source: string): KeySource {
  const colon = source.indexOf(':');
  const [kind, name] = colon === -1 ? [source, ''] : [source.slice(0, colon), source.slice(colon + 1)];
  if (kind === 'header') {
    const lower = name.toLowerCase();
    return { source, needsBody: false, keyOf: (view) => filled(headerOf(view, lower)) };
  }
  if (kind === 'tenant') return { source, needsBody: false, keyOf: ({ tenant }) => filled(tenant) };
  if (kind === 'id') return { source, needsBody: true, keyOf: ({ request }) => filled(request?.id) };
  return { source, needsBody: true, keyOf: ({ request }) => textOf(request?.parameters[name]) };
}

/** A parameter as text; undefined for one that is missing, null, empty, a list or a group. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return filled(value);
  const isPlain = typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean';
  return isPlain ? String(value) : undefined;
}

function filled(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
