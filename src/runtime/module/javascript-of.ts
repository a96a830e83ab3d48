import * as nodeModule from 'node:module';
import { basename } from 'node:path';

/** What the compiler throws about a source. Lines count from 1, columns from 0. */
interface SyntaxProblem {
  readonly code: 'UnsupportedSyntax' | 'InvalidSyntax';
  readonly message: string;
  readonly startLine: number;
}

/** Node's own, where it has one. */
const { stripTypeScriptTypes } = nodeModule as { readonly stripTypeScriptTypes?: (source: string) => string };

/**
 * The JavaScript of a TypeScript source; types are not checked. Types become spaces, so everything else keeps its line
 * and column. Syntax that is more than types (enums, parameter properties, namespaces) is compiled, with a source map.
 */
export async function javaScriptOf(file: string, source: string): Promise<string> {
  return stripped(source) ?? compiled(file, source);
}

function stripped(source: string): string | undefined {
  const { emitWarning } = process;
  // It warns that it is experimental, which every replica would log.
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes?.(source);
  } catch {
    // The compiler understands more, and says which line is wrong.
    return undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
}

async function compiled(file: string, source: string): Promise<string> {
  // The compiler that Node contains since version 22.6. Imported late, because it takes 40 ms.
  const { transformSync } = await import('@swc/wasm-typescript');
  const filename = basename(file);
  try {
    return transformSync(source, { mode: 'strip-only', filename }).code;
  } catch (caught) {
    if ((caught as SyntaxProblem).code !== 'UnsupportedSyntax') throw syntaxError(file, caught);
  }
  try {
    const { code, map = '' } = transformSync(source, { mode: 'transform', sourceMap: true, filename });
    const encoded = Buffer.from(map).toString('base64');
    return `${code}\n//# sourceMappingURL=data:application/json;base64,${encoded}`;
  } catch (caught) {
    throw syntaxError(file, caught);
  }
}

/** Its stack begins with the place in the source, as those of Node's own syntax errors do. */
function syntaxError(file: string, caught: unknown): SyntaxError {
  const { message, startLine } = caught as SyntaxProblem;
  const error = new SyntaxError(message);
  error.stack = `${file}:${startLine}\n${error.stack}`;
  return error;
}
