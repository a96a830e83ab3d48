/** What of a model may run on the CPU where its device cannot run it. */
export type CpuFallback = 'none' | 'operators' | 'model';

/** The device that a model is to run on. */
export interface WantedDevice {
  readonly device: string;
  /** Default: none. */
  readonly cpuFallback?: CpuFallback;
}

const CPU = 'cpu';

/** The kind of a device and its number among those of its kind, also of a report: `cuda` is the first one. */
export function deviceParts(device: string): { readonly kind: string; readonly index: number } {
  const [, kind = device, index = '0'] = /^(\w+)(?::(\d+))?/.exec(device) ?? [];
  return { kind, index: Number(index) };
}

/** One name for each device, also in the report of a model: `cuda` and `cuda:0` are the same. */
export function deviceName(device: string): string {
  return device.replace(/^(cuda|dml)(?=,|$)/, '$1:0');
}

/** The report of a model some of whose operators run on the CPU. */
export function partlyOnCpu(device: string): string {
  return `${deviceName(device)}, ${CPU}`;
}

/** Why a loaded model must not serve on the device that it reports; undefined when it may. */
export function deviceProblem(
  { device, cpuFallback = 'none' }: WantedDevice,
  ran: string,
): string | undefined {
  const allowed = [deviceName(device)];
  if (cpuFallback !== 'none') allowed.push(partlyOnCpu(device));
  if (cpuFallback === 'model') allowed.push(CPU);
  if (allowed.includes(deviceName(ran))) return undefined;
  return `device is '${device}', but the model runs on '${ran}': ${howToMend(ran === CPU ? 'model' : 'operators')}`;
}

/** What to do about a model that does not run on its device. `fallback` would allow what happened. */
export function howToMend(fallback: CpuFallback): string {
  return `make the device available, set device to cpu, or allow the CPU with cpuFallback: ${fallback}`;
}
