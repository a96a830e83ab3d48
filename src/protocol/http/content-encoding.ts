/** The content encodings of answers. */
export type AnswerEncoding = 'identity' | 'gzip' | 'deflate';

const OFFERED: readonly string[] = ['gzip', 'deflate', 'identity'];

/** Chooses the encoding that the client prefers; among equal preferences, the first one. */
export function negotiateEncoding(acceptEncoding: string): AnswerEncoding {
  let best: AnswerEncoding = 'identity';
  let bestQuality = 0;
  for (const entry of acceptEncoding.split(',')) {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    const quality = qualityOf(parameters);
    if (OFFERED.includes(name) && quality > bestQuality) {
      best = name as AnswerEncoding;
      bestQuality = quality;
    }
  }
  return best;
}

function qualityOf(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = text === undefined ? 1 : Number(text.slice(2));
  return Number.isNaN(quality) ? 0 : quality;
}
