import { messageOf } from '../base/errors.ts';
import { RefusedError } from '../client/galley-client.ts';
import { UnreadableAnswerError } from '../client/read-answer.ts';

/** Error codes of the system and of fetch when no server can be reached. */
const UNREACHABLE =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|EADDRNOTAVAIL|EINVAL|EACCES|EPERM)$/;
const TOO_LATE = /^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|TimeoutError)$/;
const BROKEN_OFF = /^(ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_ABORTED)$/;

/** The message for a failed request: the cause and how to fix it. */
export function askProblem(url: string, caught: unknown): string {
  if (caught instanceof RefusedError) return `${caught.status} ${caught.message}`;
  if (caught instanceof UnreadableAnswerError) return notUnderstood(url, caught.message);
  const causes = causesOf(caught);
  const detail = messageOf(causes.at(-1));
  const code = causes.map(codeOf).findLast((each) => each !== '') ?? '';
  if (UNREACHABLE.test(code)) {
    return `no server answers at ${url} (${detail}): start a server with galley serve, or set its address with --url`;
  }
  if (TOO_LATE.test(code)) {
    return `the server at ${url} did not answer in time (${detail}): check its log, or try again`;
  }
  if (BROKEN_OFF.test(code)) {
    return `the connection to ${url} was closed before the answer was complete (${detail}): check the log of the server`;
  }
  if (code.startsWith('HPE_')) return notUnderstood(url, detail);
  // Fetch refuses the ports of other services, such as 25.
  if (code === 'ERR_INVALID_URL' || detail === 'bad port')
    return `'${url}' is not a valid server address (${detail}): wanted an address such as http://127.0.0.1:8000`;
  return `the request to ${url} failed: ${detail}`;
}

function notUnderstood(url: string, why: string): string {
  return `the answer from ${url} is not valid (${why}): check that the server speaks the Open Inference Protocol`;
}

/** The error and its chain of causes, outermost first; at most 5. */
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
