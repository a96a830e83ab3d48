import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { RunningServer, TEST_MODELS } from './running-server.ts';

/** An answer of the model `hostile`, or a refusal. */
export interface HostileReply {
  readonly status: number;
  readonly retryAfter: string | null;
  /** The answer, or the reason code of the refusal. */
  readonly said: string;
  readonly text: string;
}

/** A server with the model `hostile`, which executes the command in its input. */
export class HostileServer {
  readonly server: RunningServer;

  private constructor(server: RunningServer) {
    this.server = server;
  }

  /** `settings` are those of the model in YAML flow style. */
  static async start(t: TestContext, settings: string, args: readonly string[] = []): Promise<HostileServer> {
    const folder = mkdtempSync(join(tmpdir(), 'galley-hostile-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const file = join(folder, 'galley.yaml');
    writeFileSync(file, `models: {hostile: {path: ${join(TEST_MODELS, 'hostile')}, ${settings}}}`);
    const server = await RunningServer.start([file, '--log-level', 'error', ...args]);
    t.after(() => server.kill('SIGKILL'));
    return new HostileServer(server);
  }

  async ask(command: string): Promise<HostileReply> {
    const inputs = [{ name: 'command', datatype: 'BYTES', shape: [1], data: [command] }];
    const response = await fetch(`${this.server.url}/v2/models/hostile/infer`, {
      method: 'POST',
      body: JSON.stringify({ inputs }),
    });
    const text = await response.text();
    const body = JSON.parse(text) as { reason?: string; outputs?: { data: string[] }[] };
    const said = body.reason ?? body.outputs?.[0]?.data[0] ?? '';
    return { status: response.status, retryAfter: response.headers.get('retry-after'), said, text };
  }

  async get<T>(path: string): Promise<T> {
    return (await (await fetch(`${this.server.url}${path}`)).json()) as T;
  }

  async decisions(
    kind: string,
  ): Promise<{ readonly replica: string; readonly facts: Record<string, unknown> }[]> {
    const path = `/admin/decisions?kind=${encodeURIComponent(kind)}&limit=4000`;
    const { decisions } = await this.get<{
      decisions: { replica: string; facts: Record<string, unknown> }[];
    }>(path);
    return decisions;
  }

  /** Replicas with their states, in order. */
  async states(): Promise<string[]> {
    const { versions } = await this.get<{ versions: { replicas: { state: string }[] }[] }>(
      '/admin/models/hostile',
    );
    return versions[0]?.replicas.map(({ state }) => state) ?? [];
  }
}
