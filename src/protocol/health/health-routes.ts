import type { ServerResponse } from 'node:http';
import type { ServerHealth } from '../../fleet/catalog/server-health.ts';
import { sendJson } from '../http/reply.ts';

/** Answers the three health checks: `/health/live`, `/health/ready`, `/health/startup`. */
export function answerHealth(health: ServerHealth, check: string, res: ServerResponse): void {
  switch (check) {
    case 'live':
      // The answer itself is the check: it shows that the event loop runs.
      sendJson(res, 200, { status: 'live' });
      return;
    case 'ready': {
      const reason = health.whyNotReady();
      if (reason === undefined) sendJson(res, 200, { status: 'ready' });
      else sendJson(res, 503, { status: 'not ready', reason });
      return;
    }
    case 'startup':
      if (health.hasStarted) sendJson(res, 200, { status: 'started' });
      else sendJson(res, 503, { status: 'starting', reason: health.whyNotReady() ?? '' });
      return;
  }
}
