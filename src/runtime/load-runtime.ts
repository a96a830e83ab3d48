import type { Runtime, RuntimeSpec } from './runtime.ts';

/** Loads what the spec names. The runtimes are imported when needed: one of them is 46 MB of native code. */
export async function loadRuntime(spec: RuntimeSpec): Promise<Runtime> {
  if (spec.runtime === 'onnx') {
    const { loadOnnx } = await import('./onnx-runtime.ts');
    return loadOnnx(spec);
  }
  const { loadModule } = await import('./module-runtime.ts');
  return loadModule(spec);
}
