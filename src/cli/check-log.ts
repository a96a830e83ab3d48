import { type Logger, pino } from 'pino';

const WARN = 40;
/** Messages that `check` reports as problems at the end. */
const REPORTED_LATER = new Set(['model failed', 'alert']);

/** The fields of a server's log line that `check` prints. */
interface Line {
  readonly level: number;
  readonly msg: string;
  readonly model?: string;
  readonly version?: string;
  readonly to?: string;
  readonly reason?: string;
  readonly skipped?: string;
  readonly line?: string;
}

/** A logger that prints warnings and the output of models as plain lines. */
export function checkLog(print: (line: string) => void): Logger {
  return pino(
    { level: 'info', base: null },
    {
      write(text: string) {
        const line = textOf(JSON.parse(text) as Line);
        if (line !== undefined) print(line);
      },
    },
  );
}

function textOf({ level, msg, model, version, to, reason, skipped, line }: Line): string | undefined {
  const name = model === undefined ? '' : `${model}/${version}: `;
  if (line !== undefined) return `${level >= WARN ? 'warning: ' : '  '}${name}${line}`;
  if (level < WARN || REPORTED_LATER.has(msg) || to === 'failed') return undefined;
  const why = skipped ?? reason;
  return `warning: ${name}${msg}${why === undefined ? '' : `: ${why}`}`;
}
