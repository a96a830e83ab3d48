import type { MetricInfo } from './metric-info.ts';

/** The metrics of routes. */
export const ROUTE_METRICS = {
  galley_route_requests_total: {
    type: 'counter',
    help: 'Attempts of calls through routes, by target and outcome: ok, the cause of the failure, or refused where the request was wrong. An empty target stands for answers without a model: cached, answer, refuse.',
    labels: ['route', 'target', 'outcome'],
  },
  galley_route_duration_seconds: {
    type: 'histogram',
    help: 'Time of answered attempts of calls through routes.',
    labels: ['route', 'target'],
  },
  galley_route_rules_total: {
    type: 'counter',
    help: 'Calls through routes by the number of the rule, or otherwise.',
    labels: ['route', 'rule'],
  },
  galley_route_fallbacks_total: {
    type: 'counter',
    help: 'Steps to the next of the fallback, by the target that failed and the cause: error, not-ready, overload, deadline, lost.',
    labels: ['route', 'target', 'cause'],
  },
  galley_route_hedges_total: {
    type: 'counter',
    help: 'Second attempts by result: won, lost, failed, or unaffordable where the budget was used up.',
    labels: ['route', 'result'],
  },
  galley_route_copies_total: {
    type: 'counter',
    help: 'Copies for shadows and for the control of a canary, by result: agreed, differed, failed, alone (the original had no answer), skipped (it gave way).',
    labels: ['route', 'target', 'purpose', 'result'],
  },
  galley_route_share: {
    type: 'gauge',
    help: 'Present share of a target in its split, from 0 to 1.',
    labels: ['route', 'rule', 'target'],
  },
  galley_route_reported_total: {
    type: 'counter',
    help: 'Values that clients have reported for the answers of a variant.',
    labels: ['route', 'target'],
  },
  galley_route_reported_mean: {
    type: 'gauge',
    help: 'Mean of the reported values of a variant.',
    labels: ['route', 'target'],
  },
} as const satisfies Record<string, MetricInfo>;
