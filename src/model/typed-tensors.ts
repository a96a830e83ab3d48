import type { Datatype } from '../tensor/datatype.ts';
import type { NamedInput, NamedOutput } from './named-tensors.ts';

/** The declaration of one tensor, as in `defineModel`. */
interface DeclaredTensor {
  readonly name: string;
  readonly datatype: Datatype;
}

/** Anything that declares tensors: the result of `defineModel`, or a constant with the inputs and outputs of a model. */
export interface TensorDeclaration {
  readonly inputs: readonly DeclaredTensor[];
  readonly outputs: readonly DeclaredTensor[];
}

/** The inputs of a declared model. */
export type InputsFor<D extends TensorDeclaration> = {
  readonly [Each in D['inputs'][number] as Each['name']]: NamedInput<Each['datatype']>;
};

/** The outputs of a declared model. */
export type OutputsFor<D extends TensorDeclaration> = {
  readonly [Each in D['outputs'][number] as Each['name']]: NamedOutput<Each['datatype']>;
};
