import type { Runtime, RuntimeSpec } from './contract/runtime.ts';
import { SignedRuntime } from './signed-runtime.ts';

/** Loads the model that the spec names. Runtimes are imported on demand, because one has 46 MB of native code. */
export async function loadRuntime(spec: RuntimeSpec): Promise<Runtime> {
  const runtime = await loadUnsigned(spec);
  return spec.signature === undefined ? runtime : new SignedRuntime(runtime, spec.signature);
}

async function loadUnsigned(spec: RuntimeSpec): Promise<Runtime> {
  if (spec.runtime === 'onnx') {
    const { loadOnnx } = await import('./onnx/onnx-runtime.ts');
    return loadOnnx(spec);
  }
  if (spec.transformers !== undefined) {
    const { loadTransformers } = await import('./transformers/transformers-runtime.ts');
    return loadTransformers(spec, spec.transformers);
  }
  const { loadModule } = await import('./module/module-runtime.ts');
  return loadModule(spec);
}
