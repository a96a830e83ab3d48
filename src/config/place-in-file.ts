import { readFileSync } from 'node:fs';
import { isNode, LineCounter, parseDocument } from 'yaml';

/**
 * Where a setting stands: the file with the line, or only the name of the source where it is no readable file. A path whose
 * end the file does not have gives the line of what it has of it.
 */
export function placeInFile(source: string, path: readonly PropertyKey[]): string {
  let text: string;
  try {
    text = readFileSync(source, 'utf8');
  } catch {
    return source;
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, merge: true, logLevel: 'error' });
  for (let length = path.length; length > 0; length--) {
    const keys = path.slice(0, length).map(keyOf);
    const holder = document.getIn(keys.slice(0, -1), true);
    const at =
      startOf(holder, keys.at(-1)) ?? startOf(document.contents, keys.length === 1 ? keys[0] : undefined);
    if (at !== undefined) return `${source}: line ${lines.linePos(at).line}`;
  }
  return source;
}

function keyOf(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key;
}

/** Offset of the name of an entry, or of an item of a list. */
function startOf(holder: unknown, key: string | number | undefined): number | undefined {
  if (key === undefined || !isNode(holder) || !('items' in holder)) return undefined;
  for (const [index, item] of (holder.items as unknown[]).entries()) {
    const name = (item as { key?: unknown } | null)?.key;
    const node = name === undefined ? item : name;
    const isMeant = name === undefined ? index === Number(key) : String(name) === String(key);
    if (isMeant && isNode(node)) return node.range?.[0];
  }
  return undefined;
}
