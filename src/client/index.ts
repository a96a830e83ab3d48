export {
  GalleyClient,
  type InferInput,
  type InferOptions,
  type InferOutput,
  type InferResult,
  RefusedError,
} from './galley-client.ts';
