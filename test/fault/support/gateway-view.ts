import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';

/** A folder that is deleted when the test file ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'galley-fault-'));
  after(() => rmSync(folder, { recursive: true }));
  return folder;
}

let files = 0;

/** Settings as a file: JSON is YAML too. */
export function settingsFile(folder: string, settings: object): string {
  const file = join(folder, `${files++}.yaml`);
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

/** The answer to a GET; undefined when there is none. */
export async function statusOf(url: string): Promise<number | undefined> {
  try {
    const response = await fetch(url);
    await response.arrayBuffer();
    return response.status;
  } catch {
    return undefined;
  }
}

/** Resident memory of a process: `VmRSS` now, `VmHWM` its peak. */
export function memoryBytes(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]);
}
