import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../../base/errors.ts';

/** The optional package that reads models of the Hugging Face hub. */
export type TransformersLibrary = typeof import('@huggingface/transformers');

const PACKAGE = '@huggingface/transformers';

/** The release that loads the same ONNX Runtime as this package: two different ones do not fit into one process. */
export const TRANSFORMERS_VERSION = '4.3.1';

/**
 * Imports the package as installed beside this one, or where a file of the model's folder would find it. It never loads
 * anything from the network.
 */
export async function importTransformers(file: string): Promise<TransformersLibrary> {
  const library = await importFrom(file);
  const { env, LogLevel } = library;
  // It would print the tokens of the texts of a failed batch, which are its callers'. Errors are thrown too.
  Object.assign(env, { allowRemoteModels: false, useFSCache: false, logLevel: LogLevel.NONE });
  return library;
}

async function importFrom(file: string): Promise<TransformersLibrary> {
  try {
    return await import('@huggingface/transformers');
  } catch (caught) {
    if (!isMissing(caught)) throw failed(caught);
  }
  try {
    const path = createRequire(file).resolve(PACKAGE);
    return (await import(pathToFileURL(path).href)) as TransformersLibrary;
  } catch (caught) {
    if (!isMissing(caught)) throw failed(caught);
  }
  throw new Error(
    `the runtime transformers needs the package ${PACKAGE}, which is not installed: run npm install ${PACKAGE}@${TRANSFORMERS_VERSION}`,
  );
}

/** Whether the package itself is missing, and not one that it needs. */
function isMissing(caught: unknown): boolean {
  const { code } = caught as NodeJS.ErrnoException;
  const isNotFound = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  return isNotFound && messageOf(caught).includes(`'${PACKAGE}'`);
}

function failed(caught: unknown): Error {
  return new Error(`the package ${PACKAGE} cannot be loaded: ${messageOf(caught)}; install it again`, {
    cause: caught,
  });
}
