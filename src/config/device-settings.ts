import * as z from 'zod';

const DEVICES = 'one of cpu, cuda, cuda:N, dml, dml:N, coreml, webgpu';

/** A device that computes a model. Only those of which a machine may have several have a number. */
const DeviceName = z
  .string()
  .regex(/^(?:cpu|coreml|webgpu|(?:cuda|dml)(?::\d{1,3})?)$/, { error: DEVICES })
  .meta({ title: DEVICES });

/** The devices of a model. */
export const DeviceSetting = z
  .union([DeviceName, z.array(DeviceName).min(1)])
  .default('cpu')
  .describe(
    'Device that computes the model, such as cuda:1; cuda is the first one. Replicas are spread over a list of devices in turn. ' +
      'A replica that runs on another device does not become ready.',
  );

/** What the CPU may run in place of the device. */
export const CpuFallback = z
  .enum(['none', 'operators', 'model'])
  .default('none')
  .describe(
    'What may run on the CPU where the device cannot run it. none: nothing. operators: single operators. model: the whole model too, ' +
      'when the device is not available.',
  );

/** The devices of the machine by name. */
export const MachineDevices = z
  .record(
    DeviceName,
    z.strictObject({
      memoryBytes: z
        .int()
        .min(1)
        .describe('Memory of the device for models. The deviceMemoryBytes of all replicas on it must fit.'),
    }),
  )
  .default({})
  .describe(
    'Devices whose memory models share, by name, such as cuda:0: {memoryBytes: 16000000000}. Default for NVIDIA devices: the memory that nvidia-smi reports.',
  );
