import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setTimeout as pause } from 'node:timers/promises';
import { alternate, atMost, type Scenario } from '../scenario.ts';
import { binaryRequest, Workbench } from '../workbench.ts';

const CLI = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** From the start of the process to the first prediction, over what a bare script needs for the same. */
export const start: Scenario = async (say) => {
  const bench = new Workbench(['millisecond']);
  try {
    const file = bench.settingsFile('millisecond', { replicas: 2 });
    const { ratios, ours, limit } = await alternate(
      async () => firstPrediction(file),
      async () => {
        const startedAt = performance.now();
        await bench.ortLoop('millisecond', [1, 784], 0);
        return performance.now() - startedAt;
      },
      say,
    );
    return atMost(3, ratios, { galleyMs: ours, scriptMs: limit });
  } finally {
    await bench.close();
  }
};

async function firstPrediction(file: string): Promise<number> {
  const port = 20_000 + Math.floor(performance.now() % 20_000);
  const { path, headers, bodyBase64 = '' } = binaryRequest('millisecond', [1, 784]);
  const body = Buffer.from(bodyBase64, 'base64');
  const startedAt = performance.now();
  const child = spawn(process.execPath, [CLI, 'serve', file, '--port', String(port), '--log-level', 'silent'], { stdio: 'ignore' });
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers: { ...headers }, body }).catch(() => undefined);
    await response?.arrayBuffer();
    if (response?.status === 200) break;
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    await pause(2);
  }
  const tookMs = performance.now() - startedAt;
  child.kill('SIGTERM');
  await once(child, 'exit');
  return tookMs;
}
