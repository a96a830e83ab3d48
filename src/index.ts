export { type CreateServerOptions, createServer, type RunningServer } from './app/create-server.ts';
export { OperatorError } from './base/errors.ts';
export {
  defineModel,
  type ModelDefinition,
  type ModelInput,
  type ModelOutput,
} from './model/define-model.ts';
