export {
  GalleyClient,
  type InferInput,
  type InferOptions,
  type InferOutput,
  type InferResult,
  type ModelDescription,
  RefusedError,
} from './galley-client.ts';
