export { type CreateGalleyOptions, createGalley } from './app/create-galley.ts';
export { type CreateServerOptions, createServer, type RunningServer } from './app/create-server.ts';
export type { Galley, ModelHandle } from './app/galley.ts';
export { OperatorError } from './base/errors.ts';
export { GalleyError } from './base/galley-error.ts';
export type { InferOptions } from './gateway/infer-options.ts';
export {
  type DefinedModel,
  defineModel,
  type LoadContext,
  type ModelDefinition,
  type ModelInput,
  type ModelOutput,
  type PredictContext,
  type StreamContext,
  type TensorSpec,
} from './model/define-model.ts';
export type { CallInput, CallOptions, CallOutput, Infer } from './model/model-call.ts';
export type { NamedInput, NamedInputs, NamedOutput, NamedOutputs } from './model/named-tensors.ts';
export type { TensorDeclaration } from './model/typed-tensors.ts';
