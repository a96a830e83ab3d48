import { after } from 'node:test';
import { makeLogger } from '../../../src/app/machine/logger.ts';
import { GalleyServer } from '../../../src/app/server.ts';
import { RealClock } from '../../../src/base/clock.ts';
import { type LoadedConfig, loadConfig } from '../../../src/config/load-config.ts';
import { decodeRecording } from '../../../src/observe/recorder/recording.ts';
import { replay } from '../../../src/simulate/replay/replay.ts';
import { until } from '../../support/until.ts';
import { settingsFile } from './gateway-view.ts';

/** A server in this process, for operations that no command offers. */
export interface InProcess {
  readonly server: GalleyServer;
  readonly config: LoadedConfig;
  /** Ends it; its recording must replay to the same decisions. */
  stop(): Promise<void>;
}

export async function startInProcess(folder: string, settings: object): Promise<InProcess> {
  const config = loadConfig(settingsFile(folder, { port: 0, log: { level: 'silent' }, ...settings }));
  const log = await makeLogger(config.server.log, false);
  const server = new GalleyServer(config, { clock: new RealClock(), seed: 'fault', log });
  await server.start();
  // Shared with `stop` below.
  after(async () => server.stop(0));
  // The start completes with the first replica of each model; the others may still read their files.
  await until('every replica is ready', () =>
    server.registry
      .all()
      .every(({ supervisor }) => supervisor.replicas().every(({ state }) => state === 'ready')),
  );
  const stop = async () => {
    await server.stop();
    const recording = server.operations.recording();
    if (recording === undefined) throw new Error('nothing was recorded');
    const { difference } = replay(decodeRecording(recording));
    if (difference !== undefined) throw new Error(`the replay of this run differs: ${difference}`);
  };
  return { server, config, stop };
}
