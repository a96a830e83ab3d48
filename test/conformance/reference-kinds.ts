/** The message of onnxruntime after its source location. */
const MEANING =
  /(Unsupported model IR version.*|Current official support for domain.*|Could not find an implementation.*|This is an invalid model.*)/;

/** Removes the details of a case from a message, so that equal causes can be counted. */
export function kindOfMessage(message: string): string {
  const meant = MEANING.exec(message)?.[1] ?? message;
  return meant
    .replace(/ \(\/\S+\)/g, '')
    .replace(/Name:'[^']*' Status Message: (\S*onnxruntime_src\S* )?/, '')
    .replace(/'[^']*'/g, '…')
    .replace(/-?\d+(\.\d+)?/g, 'N')
    .slice(0, 110);
}

/** Counts by kind in descending order, with the first names of each. */
export function countByKind(
  list: readonly { readonly name: string; readonly kind: string }[],
): readonly string[] {
  const groups = new Map<string, string[]>();
  for (const { name, kind } of list) groups.set(kind, [...(groups.get(kind) ?? []), name]);
  return [...groups]
    .sort(([, one], [, other]) => other.length - one.length)
    .map(([kind, names]) => {
      const more = names.length > 3 ? ', …' : '';
      return `${names.length} × ${kind} (${names.slice(0, 3).join(', ')}${more})`;
    });
}
