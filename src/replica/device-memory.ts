import { deviceName } from '../model/device.ts';

/** What one version takes of the memory of devices. */
export interface DeviceDemand {
  readonly model: string;
  /** The device of each of its replicas. */
  readonly devices: readonly string[];
  /** Memory that each replica takes. */
  readonly replicaBytes: number;
}

/** A version for which a device has too little memory left. */
export interface DeviceOverflow {
  readonly model: string;
  readonly text: string;
}

/**
 * The versions that do not fit the memory of their devices beside those before them. `memoryOf` gives the memory of a
 * device, or undefined where it is unknown.
 */
export function deviceOverflows(
  demands: readonly DeviceDemand[],
  memoryOf: (device: string) => number | undefined,
): DeviceOverflow[] {
  const usedOf = new Map<string, number>();
  return demands.flatMap(({ model, devices, replicaBytes }) => {
    const own = new Map<string, number>();
    for (const device of devices.map(deviceName)) own.set(device, (own.get(device) ?? 0) + 1);
    return [...own].flatMap(([device, replicas]) => {
      const [wanted, used] = [replicas * replicaBytes, usedOf.get(device) ?? 0];
      const memory = memoryOf(device);
      if (memory === undefined || used + wanted <= memory) {
        usedOf.set(device, used + wanted);
        return [];
      }
      const text =
        `deviceMemoryBytes is ${replicaBytes}, ${wanted} for ${replicas} ${replicas === 1 ? 'replica' : 'replicas'} on ${device}, ` +
        `wanted at most ${memory - used}: the device has ${memory}, of which the models before it take ${used}; ` +
        'lower deviceMemoryBytes or the number of replicas, or use another device';
      return [{ model, text }];
    });
  });
}
