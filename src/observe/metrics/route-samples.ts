import type { ServerSnapshot } from '../snapshot/server-snapshot.ts';
import type { ROUTE_METRICS } from './route-metrics.ts';
import { byLabel, histogramSamples, type Labels, type Sample, SECONDS, sample } from './sample.ts';

/** The samples of the metrics of routes. */
export const ROUTE_SAMPLES = {
  galley_route_requests_total: ({ routes }) =>
    routes.flatMap(({ name: route, targets, answeredOtherwise }) => [
      ...targets.flatMap(({ target, answered, failed }) =>
        byLabel('outcome', [['ok', answered], ...Object.entries(failed)]).map((each) =>
          labelled(each, { route, target }),
        ),
      ),
      ...Object.entries(answeredOtherwise).map(([outcome, count]) =>
        sample(count, { route, target: '', outcome }),
      ),
    ]),
  galley_route_duration_seconds: ({ routes }) =>
    routes.flatMap(({ name: route, targets }) =>
      targets.flatMap(({ target, latency }) =>
        histogramSamples('galley_route_duration_seconds', latency, SECONDS, { route, target }),
      ),
    ),
  galley_route_rules_total: ({ routes }) =>
    routes.flatMap(({ name: route, rules }) =>
      rules.map(({ rule, requests }) => sample(requests, { route, rule })),
    ),
  galley_route_fallbacks_total: ({ routes }) =>
    routes.flatMap(({ name: route, fallbacks }) =>
      fallbacks.map(({ target, cause, count }) => sample(count, { route, target, cause })),
    ),
  galley_route_hedges_total: ({ routes }) =>
    routes.flatMap(({ name: route, hedges }) =>
      byLabel('result', Object.entries(hedges)).map((each) => labelled(each, { route })),
    ),
  galley_route_copies_total: ({ routes }) =>
    routes.flatMap(({ name: route, copies }) =>
      copies.flatMap(({ purpose, target, results }) =>
        byLabel('result', Object.entries(results)).map((each) => labelled(each, { route, target, purpose })),
      ),
    ),
  galley_route_share: ({ routes }) =>
    routes.flatMap(({ name: route, shares }) =>
      shares.map(({ rule, target, share }) => sample(share, { route, rule, target })),
    ),
  galley_route_reported_total: ({ routes }) =>
    routes.flatMap(({ name: route, experiment }) =>
      (experiment?.variants ?? []).map(({ variant, count }) => sample(count, { route, target: variant })),
    ),
  galley_route_reported_mean: ({ routes }) =>
    routes.flatMap(({ name: route, experiment }) =>
      (experiment?.variants ?? []).map(({ variant, mean }) => sample(mean, { route, target: variant })),
    ),
} as const satisfies Record<keyof typeof ROUTE_METRICS, (snapshot: ServerSnapshot) => Sample[]>;

function labelled(each: Sample, labels: Labels): Sample {
  return { ...each, labels: { ...labels, ...each.labels } };
}
