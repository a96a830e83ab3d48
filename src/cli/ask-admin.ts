import { UnreadableAnswerError } from '../client/read-answer.ts';
import { askProblem } from './ask-problem.ts';
import { EXIT } from './exit-codes.ts';

/** The variable that holds the token of an admin API that is not only for local calls. */
const TOKEN = 'GALLEY_ADMIN_TOKEN';

/** Calls the admin API of a running server; exits with code 3 when it cannot be reached or refuses. */
export async function askAdmin<T extends object>(
  url: string,
  method: 'GET' | 'POST',
  path: string,
): Promise<T> {
  const token = process.env[TOKEN];
  try {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    const body = await jsonOf<T & { readonly error?: string }>(response);
    if (response.ok) return body;
    return refused(body.error ?? `status ${response.status}`);
  } catch (caught) {
    return refused(askProblem(url, caught));
  }
}

async function jsonOf<T extends object>(response: Response): Promise<T> {
  const text = await response.text();
  try {
    return JSON.parse(text) as T;
  } catch {
    throw new UnreadableAnswerError(`status ${response.status} without JSON`);
  }
}

function refused(why: string): never {
  console.error(`galley: ${why}`);
  process.exit(EXIT.refused);
}
