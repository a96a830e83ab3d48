import { execSync, spawn } from 'node:child_process';
import { readdirSync, readlinkSync, writeSync } from 'node:fs';
import { defineModel } from '../../../src/index.ts';

/** The effect of a command: returns an answer, or nothing to answer with the command itself. */
type Deed = (argument: string) => string | undefined | Promise<string | undefined>;

const pause = async (ms: number) =>
  new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), ms));
const later = (ms: string, run: () => void) => void setTimeout(run, Number(ms));
const kill = (signal: NodeJS.Signals) => void process.kill(process.pid, signal);

/** Actions of a model that must not affect others. */
const DEEDS: Readonly<Record<string, Deed>> = {
  exit: (code) => process.exit(Number(code)),
  kill: (signal) => kill(signal as NodeJS.Signals),
  // Killed by a child, so that nothing in this process shows the cause.
  killUnseen: (signal) => void execSync(`kill -${signal} ${process.pid}; sleep 5`),
  sleep: async (ms) => pause(Number(ms)),
  hang: () => {
    for (;;);
  },
  laterThrow: (ms) =>
    later(ms, () => {
      throw new Error('thrown later');
    }),
  laterReject: (ms) => later(ms, () => void Promise.reject(new Error('rejected later'))),
  laterExit: (ms) => later(ms, () => process.exit(0)),
  laterKill: (ms) => later(ms, () => kill('SIGKILL')),
  env: () => Object.keys(process.env).sort().join(' '),
  descriptors: () =>
    readdirSync('/proc/self/fd')
      .map((fd) => `${fd}:${linkOf(fd)}`)
      .join(' '),
  pid: () => String(process.pid),
  spawn: (seconds) => String(spawn('sleep', [seconds], { stdio: 'ignore' }).pid),
  childDescriptors: () => execSync('ls -l /proc/self/fd').toString(),
  out: (length) => 'y'.repeat(Number(length)),
  throwLong: (length) => {
    throw new Error('x'.repeat(Number(length)));
  },
  lines: (count) => {
    for (let line = 0; line < Number(count); line++) console.log(`line ${line}`);
    return undefined;
  },
  longLine: (length) => void process.stdout.write(`${'q'.repeat(Number(length))}\n`),
  /** Writes bytes, given in base64, to a pipe of the replica. */
  write: (argument) => {
    const [fd = '', bytes = ''] = argument.split(',');
    writeSync(Number(fd), Buffer.from(bytes, 'base64'));
    return undefined;
  },
};

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return 'gone';
  }
}

export default defineModel({
  inputs: [{ name: 'command', datatype: 'BYTES', shape: [-1] }],
  outputs: [{ name: 'answer', datatype: 'BYTES', shape: [-1] }],
  async predict({ command }) {
    const answers: string[] = [];
    for (const bytes of command.data) {
      const text = Buffer.from(bytes).toString();
      const [name = '', ...rest] = text.split(':');
      answers.push((await DEEDS[name]?.(rest.join(':'))) ?? text);
    }
    return { answer: { shape: [answers.length], data: answers } };
  },
});
