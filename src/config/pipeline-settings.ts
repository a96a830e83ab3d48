import * as z from 'zod';
import { placeInFile } from './place-in-file.ts';
import { TargetName } from './route-fields.ts';

const TensorName = z.string().min(1);

const StepSettings = z.strictObject({
  model: TargetName.describe('A model (digits), a version of it (digits/2), or a route.'),
  inputs: z
    .record(TensorName, TensorName)
    .default({})
    .describe('Tensors by input of the model. An input that is not listed takes the tensor of its own name.'),
  outputs: z
    .record(TensorName, TensorName)
    .default({})
    .describe(
      'Tensors by output of the model. An output that is not listed makes the tensor of its own name.',
    ),
});

/** Models in a row: what each step takes from the request or from other steps, and what it makes. */
export const PipelineSettings = z
  .strictObject({
    steps: z
      .array(StepSettings)
      .min(1)
      .max(64)
      .describe('Calls of models. A step starts as soon as its inputs exist.'),
    outputs: z
      .array(TensorName)
      .min(1)
      .optional()
      .describe('The tensors that are answered. Default: those that the last step makes.'),
  })
  .superRefine(({ steps, outputs = [] }, context) => {
    const makers = new Map<string, number>();
    for (const [index, step] of steps.entries()) {
      for (const [output, tensor] of Object.entries(step.outputs)) {
        const before = makers.get(tensor);
        makers.set(tensor, before ?? index);
        if (before === undefined) continue;
        const message = `the name of a tensor that is made once: step ${before + 1} makes '${tensor}' too`;
        context.addIssue({ code: 'custom', path: ['steps', index, 'outputs', output], message });
      }
    }
    for (const [index, output] of outputs.entries()) {
      if (outputs.indexOf(output) === index) continue;
      context.addIssue({ code: 'custom', path: ['outputs', index], message: 'each output once' });
    }
  });
export type PipelineSettings = z.output<typeof PipelineSettings>;

/** Settings of models that run in processes of their own. */
const OF_PROCESSES = [
  ...['replicas', 'autoscaling', 'threads', 'device', 'balancing', 'process', 'outputs'],
  ...['batching', 'goal', 'padding', 'warmup', 'evictable', 'deviceMemoryBytes', 'cpuFallback', 'onnx'],
  ...['transformers', 'signature'],
];

/** Settings beside a pipeline that would do nothing, with their place. `path` leads to the settings of the model. */
export function idleSettings(
  source: string,
  path: readonly string[],
  settings: Readonly<Record<string, unknown>> | null,
): readonly string[] {
  if (settings?.pipeline === undefined) return [];
  return OF_PROCESSES.filter((name) => settings[name] !== undefined).map((name) => {
    const at = [...path, name];
    return (
      `${placeInFile(source, at)}: '${at.join('.')}' does nothing for a pipeline, which has no process: ` +
      'remove it, or set it for the models of the steps'
    );
  });
}
