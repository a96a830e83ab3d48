import { execFileSync } from 'node:child_process';
import type { ServerSettings } from '../../config/server-settings.ts';
import { placementsOf } from '../../fleet/version/version-spec.ts';
import { deviceName, deviceParts } from '../../model/device.ts';
import { type DeviceOverflow, deviceOverflows } from '../../replica/device-memory.ts';
import type { ServedModel } from './served-models.ts';

const MEBIBYTE = 1024 * 1024;
const LONGEST_ANSWER_MS = 2_000;

/** Compares the declared memory of all replicas with that of their devices. `nvidia` lists the memory of NVIDIA devices. */
export function compareWithDevices(
  { machine }: Pick<ServerSettings, 'machine'>,
  served: readonly ServedModel[],
  nvidia: () => readonly number[] = nvidiaMemory,
): readonly DeviceOverflow[] {
  const declared = new Map<string, number>();
  for (const [device, { memoryBytes }] of Object.entries(machine.devices)) {
    declared.set(deviceName(device), memoryBytes);
  }
  // Asked at most once, and only where an answer is needed.
  let reported: readonly number[] | undefined;
  const memoryOf = (device: string) => {
    const { kind, index } = deviceParts(device);
    if (declared.has(device) || kind !== 'cuda') return declared.get(device);
    reported ??= nvidia();
    return reported[index];
  };
  const demands = served.flatMap(({ model, settings }) => {
    const { deviceMemoryBytes, replicas, autoscaling } = settings;
    if (deviceMemoryBytes === undefined) return [];
    const placements = placementsOf(settings, autoscaling?.maxReplicas ?? replicas);
    const devices = placements.map(({ device }) => device).filter((device) => device !== 'cpu');
    return [{ model, devices, replicaBytes: deviceMemoryBytes }];
  });
  return deviceOverflows(demands, memoryOf);
}

/** The memory of each NVIDIA device in bytes; empty where there is no driver. */
function nvidiaMemory(): number[] {
  try {
    const query = ['--query-gpu=memory.total', '--format=csv,noheader,nounits'];
    const text = execFileSync('nvidia-smi', query, {
      ...{ encoding: 'utf8', timeout: LONGEST_ANSWER_MS, stdio: ['ignore', 'pipe', 'ignore'] },
    });
    return text
      .trim()
      .split('\n')
      .map((line) => Number(line) * MEBIBYTE);
  } catch {
    return [];
  }
}
