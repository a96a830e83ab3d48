/** JSON in ASCII for a header, other characters as escapes: Node throws for header values beyond Latin-1. */
export function headerJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Text for a header: characters that it cannot hold are percent-encoded. */
export function headerText(text: string): string {
  // Almost every text is plain.
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return text.replace(/[^\x20-\x7e]/gu, (character) => encodeURIComponent(character.toWellFormed()));
}
