import { httpStatusOf, type Reason, type Refusal } from '../../base/errors.ts';

/** Codes that clients of OpenAI know; every other reason is its own code. */
const CODES: Partial<Record<Reason, string>> = {
  MODEL_UNKNOWN: 'model_not_found',
  VERSION_UNKNOWN: 'model_not_found',
  UNAUTHENTICATED: 'invalid_api_key',
};
const TYPES: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};

/** A refusal in OpenAI's form of errors. */
export function openAiError({ reason, message, param }: Refusal): object {
  const status = httpStatusOf(reason);
  const type = TYPES[status] ?? (status < 500 ? 'invalid_request_error' : 'server_error');
  return { error: { message, type, param: param ?? null, code: CODES[reason] ?? reason } };
}
