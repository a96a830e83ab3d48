/** A place in a text; line and column count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A problem or remark about a configuration, and where it stands. */
export interface Remark {
  readonly at: Place;
  readonly text: string;
}

/** A text that is not in the text format. */
export class TextFormatError extends Error {
  readonly at: Place;

  constructor(at: Place, message: string) {
    super(message);
    this.at = at;
  }
}

/** A remark as one line of text, in the form of the other settings files. */
export function remarkText(file: string, { at, text }: Remark): string {
  return `${file}: line ${at.line}, column ${at.column}: ${text}`;
}
