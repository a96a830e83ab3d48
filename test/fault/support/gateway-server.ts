import { after } from 'node:test';
import { RunningServer } from '../../support/running-server.ts';
import { settingsFile } from './gateway-view.ts';

/** `galley serve` with these settings; ends with the test file, also when a test fails. */
export async function startServer(
  folder: string,
  settings: object,
  ...args: readonly string[]
): Promise<RunningServer> {
  const file = settingsFile(folder, settings);
  const server = await RunningServer.start([file, '--log-level', 'silent', ...args]);
  after(() => server.kill('SIGKILL'));
  return server;
}
