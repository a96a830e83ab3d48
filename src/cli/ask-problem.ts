import { messageOf } from '../base/errors.ts';
import { RefusedError } from '../client/galley-client.ts';
import { UnreadableAnswerError } from '../client/read-answer.ts';

/** What the system, or Node's fetch, says when there is nobody to talk to. */
const UNREACHABLE =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|EADDRNOTAVAIL|EINVAL|EACCES|EPERM)$/;
const TOO_LATE = /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|TimeoutError)$/;
const BROKEN_OFF = /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_ABORTED)$/;

/** Why there is no answer from a server, and what to do about it. */
export function askProblem(url: string, caught: unknown): string {
  if (caught instanceof RefusedError) return `${caught.status} ${caught.message}`;
  if (caught instanceof UnreadableAnswerError) return notUnderstood(url, caught.message);
  const causes = causesOf(caught);
  const detail = messageOf(causes.at(-1));
  const code = causes.map(codeOf).findLast((each) => each !== '') ?? '';
  if (UNREACHABLE.test(code)) {
    return `no server answers at ${url} (${detail}): start one with galley serve, or name it with --url`;
  }
  if (TOO_LATE.test(code)) {
    return `the server at ${url} did not answer in time (${detail}): see its log, or try again`;
  }
  if (BROKEN_OFF.test(code)) {
    return `the connection to ${url} broke before the answer was whole (${detail}): see the log of the server`;
  }
  if (code.startsWith('HPE_')) return notUnderstood(url, detail);
  // Fetch does not go to ports of other services, such as 25.
  if (code === 'ERR_INVALID_URL' || detail === 'bad port')
    return `'${url}' is no address of a server (${detail}): wanted one such as http://127.0.0.1:8000`;
  return `the request to ${url} failed: ${detail}`;
}

function notUnderstood(url: string, why: string): string {
  return `the answer from ${url} is not understood (${why}): is that a server of the Open Inference Protocol?`;
}

/** The error and what caused it, from the outside in. */
function causesOf(caught: unknown): unknown[] {
  const causes = [caught];
  for (const error of causes) {
    if (error instanceof Error && error.cause !== undefined && causes.length < 5) causes.push(error.cause);
  }
  return causes;
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if (error.name === 'TimeoutError') return error.name;
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : '';
}
