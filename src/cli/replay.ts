import { mergeSettings } from '../config/load-config.ts';
import { replay } from '../simulate/replay/replay.ts';
import { type WhatIfReport, whatIf } from '../simulate/replay/what-if.ts';
import { EXIT } from './exit-codes.ts';
import { readRecording } from './read-recording.ts';
import { settingOf } from './setting-of.ts';

/** Options of `galley replay`. */
export interface ReplayFlags {
  readonly steps?: boolean;
  readonly set?: readonly string[];
}

/** Replays a recording, or simulates it with other settings, and prints the result; exit code 1 for a difference. */
export function replayFile(file: string, { steps = false, set }: ReplayFlags): void {
  const recording = readRecording(file);
  if (set !== undefined) {
    const changes = set.map(settingOf).reduce<Record<string, unknown>>(mergeSettings, {});
    printComparison(whatIf(recording, {}), whatIf(recording, changes), set);
    return;
  }
  const result = replay(
    recording,
    steps
      ? ({ atMs, version, text }) => console.log(`${atMs.toFixed(1).padStart(12)} ${version} ${text}`)
      : undefined,
  );
  const counts = `${result.inputs} inputs, ${result.decisions} decisions`;
  if (result.difference === undefined) {
    console.log(
      `the replay matches: ${counts}, recorded from ${new Date(recording.startedWallMs).toISOString()}`,
    );
  } else {
    console.log(`the replay differs after ${counts}: ${result.difference}`);
    process.exitCode = EXIT.failed;
  }
}

function printComparison(was: WhatIfReport, would: WhatIfReport, set: readonly string[]): void {
  console.log(
    `simulated with the service times of the recording: recorded settings → with ${set.join(', ')}`,
  );
  const row = (name: string, of: (report: WhatIfReport) => string) =>
    console.log(`  ${name.padEnd(22)}${of(was).padStart(14)}  →  ${of(would)}`);
  row('requests', ({ requests }) => String(requests));
  row('answered', ({ answered }) => String(answered));
  row('refused', ({ refused }) => String(refused));
  row('latency p50', ({ p50Ms }) => `${p50Ms.toFixed(2)} ms`);
  row('latency p99', ({ p99Ms }) => `${p99Ms.toFixed(2)} ms`);
  row('rows per batch', ({ rowsPerBatch }) => rowsPerBatch.toFixed(2));
}
