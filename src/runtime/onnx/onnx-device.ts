import { messageOf, OperatorError } from '../../base/errors.ts';
import { deviceName, deviceParts, howToMend, partlyOnCpu, type WantedDevice } from '../../model/device.ts';
import type { OperatorCount } from './operator-profile.ts';

/** How a session is opened on a device. */
export interface ProviderOptions {
  readonly executionProviders: readonly (string | { readonly name: string; readonly deviceId: number })[];
  /** Entries of the session's configuration. */
  readonly session: Readonly<Record<string, string>>;
  /** Whether its operators are to be counted. */
  readonly isProfiled?: true;
}

/** What ONNX Runtime offers. */
export interface ProviderPorts<Session> {
  /** Names of the execution providers that it knows on this machine; their libraries may still be missing. */
  readonly providers: readonly string[];
  /** Opens the model; throws the runtime's message when it cannot. */
  readonly open: (options: ProviderOptions) => Promise<Session>;
  /** Runs a profiled session once and counts its operators; undefined when it accepts no made-up inputs. */
  readonly countOperators: (session: Session) => Promise<OperatorCount | undefined>;
}

/** An open model, and where it really runs. */
export interface OnDevice<Session> {
  readonly session: Session;
  /** See `deviceProblem`. */
  readonly device: string;
  /** Set where the CPU took over. */
  readonly warning?: string;
}

const CPU: ProviderOptions = { executionProviders: ['cpu'], session: {} };
/** ONNX Runtime assigns operators that a provider does not implement to the CPU, unless this forbids it. */
const STRICT = { disable_cpu_ep_fallback: '1' };
const ASSIGNED_TO_CPU = /nodes that are assigned to the default CPU EP/;

/**
 * Opens a model on its device. ONNX Runtime does not report where operators run, so that a session is first opened with the
 * CPU forbidden: where that succeeds, the model runs on the device. Otherwise the operators of one run are counted.
 */
export async function openOnDevice<Session>(
  wanted: WantedDevice,
  ports: ProviderPorts<Session>,
): Promise<OnDevice<Session>> {
  const { device, cpuFallback } = wanted;
  if (device === 'cpu') return { session: await ports.open(CPU), device };
  try {
    return await openStrictly(wanted, ports);
  } catch (caught) {
    if (cpuFallback !== 'model') throw caught;
    const session = await ports.open(CPU);
    return { session, device: 'cpu', warning: `the model runs on the CPU: ${messageOf(caught)}` };
  }
}

async function openStrictly<Session>(
  { device, cpuFallback = 'none' }: WantedDevice,
  { providers, open, countOperators }: ProviderPorts<Session>,
): Promise<OnDevice<Session>> {
  const { kind, index } = deviceParts(device);
  if (!providers.includes(kind)) {
    throw new OperatorError(
      `device is '${device}', but ONNX Runtime on this machine has only ${providers.join(', ')}: ${howToMend('model')}`,
    );
  }
  const executionProviders = [kind === 'cuda' || kind === 'dml' ? { name: kind, deviceId: index } : kind];
  try {
    const session = await open({ executionProviders, session: STRICT });
    return { session, device: deviceName(device) };
  } catch (caught) {
    if (!ASSIGNED_TO_CPU.test(messageOf(caught))) throw caught;
    if (cpuFallback === 'none') {
      throw new OperatorError(
        `device is '${device}', but it cannot run all operators of the model, so that some would run on the CPU: ${howToMend('operators')}`,
        { cause: caught },
      );
    }
    const session = await open({ executionProviders, session: {}, isProfiled: true });
    const count = await countOperators(session);
    if (count?.onDevice === 0) {
      throw new OperatorError(
        `device is '${device}', but none of the ${count.onCpu} operators of the model runs on it: ${howToMend('model')}`,
        { cause: caught },
      );
    }
    const some = count === undefined ? 'some' : `${count.onCpu} of ${count.onCpu + count.onDevice}`;
    const warning = `${some} operators of the model run on the CPU, because ${device} cannot run them`;
    return { session, device: partlyOnCpu(device), warning };
  }
}
