export {
  GalleyClient,
  type InferInput,
  type InferOptions,
  type ModelDescription,
  RefusedError,
} from './galley-client.ts';
export { type InferOutput, type InferResult, UnreadableAnswerError } from './read-answer.ts';
