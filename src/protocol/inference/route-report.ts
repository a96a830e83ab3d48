import type { RoutedRequest } from '../../gateway/routes/routed-request.ts';
import { headerText } from '../http/header-text.ts';
import type { HttpExchange } from '../http/http-exchange.ts';
import { rounded } from './explanation.ts';

/** Tells the client what answered a call through a route and, after a fallback, what failed before. */
export function tellRoute(http: HttpExchange, routed: RoutedRequest): void {
  const { servedBy, requestId, isFallback, account } = routed;
  if (servedBy !== '') http.setHeader('x-galley-served-by', headerText(servedBy));
  if (requestId !== undefined) http.setHeader('x-galley-request-id', requestId);
  if (!isFallback) return;
  const failed = account.attempts.filter(({ reason }) => reason !== undefined);
  http.setHeader(
    'x-galley-fallback',
    headerText(failed.map(({ target, result, reason }) => `${target} ${result} (${reason})`).join(', ')),
  );
}

/** How a route has decided, for a caller that asked. Durations in ms. */
export function routeExplanation({ account, servedBy }: RoutedRequest): object {
  const { decision, attempts, notes } = account;
  return {
    route: {
      rule: decision === undefined || decision.rule === -1 ? 'otherwise' : decision.rule + 1,
      ...(decision?.split === undefined
        ? {}
        : {
            variant: decision.split.variant,
            drawn: decision.split.key === undefined ? 'in turn' : 'by key',
          }),
      ...(notes.length === 0 ? {} : { notes }),
      attempts: attempts.map(({ target, result, reason, ms }) => ({
        ...{ target, result, ms: rounded(ms) },
        ...(reason === undefined ? {} : { reason }),
      })),
      servedBy,
    },
  };
}
