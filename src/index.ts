export { type CreateServerOptions, createServer, type RunningServer } from './app/create-server.ts';
export { OperatorError } from './base/errors.ts';
export {
  defineModel,
  type LoadContext,
  type ModelDefinition,
  type ModelInput,
  type ModelOutput,
  type PredictContext,
  type TensorSpec,
} from './model/define-model.ts';
