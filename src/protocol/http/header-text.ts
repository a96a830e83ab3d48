/** JSON for a header: ASCII alone, everything else as escapes. Node throws at a header that holds more than Latin-1. */
export function headerJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
