import type { Decision, DecisionFacts } from '../../base/decision-log.ts';

/** A decision in a sentence. Made when somebody reads it: deciding costs no words. */
export function describeDecision({ kind, model, version, replica, facts }: Decision): string {
  const where = replica === '' ? `${model}/${version}` : replica;
  return `${where}: ${sentence(kind, facts)}`;
}

function sentence(kind: Decision['kind'], facts: DecisionFacts): string {
  switch (kind) {
    case 'replica':
      return `process ${facts.incarnation} went from ${facts.from} to ${facts.to}, because ${facts.reason}`;
    case 'restart':
      return facts.to === 'failed'
        ? `process ${facts.incarnation} is given up after ${facts.from}, because ${facts.reason}`
        : `process ${facts.incarnation} ended while ${facts.from}, because ${facts.reason}; another one starts`;
    case 'ejection':
      return `taken out of the pick for ${facts.causes}, because ${facts.reason}`;
    case 'probe':
      return facts.result === 'memory grows'
        ? `memory grows: ${mib(facts.bytes)} MiB now, the limit of ${mib(facts.limitBytes)} MiB in ${minutes(facts.inMs)} minutes`
        : `a check ${facts.result}, ${facts.misses} in a row, because ${facts.detail}`;
    case 'recovery':
      return `${facts.requests} requests get another chance (${facts.how}), because ${facts.detail}`;
    case 'quarantine':
      return `the input of request '${facts.request}' ended a replica again when it ran alone, and is refused for a while: ${facts.detail}`;
    case 'late error':
      return `process ${facts.incarnation} was ended by code of the model that ran after or beside its answers: ${facts.error}\n${facts.stack}`;
    case 'refusal':
      return `request '${facts.request}' was told ${facts.reason} after ${facts.waitedMs} ms: ${facts.why}`;
    case 'batch':
      return `batch ${facts.batch} of ${facts.rows} rows from ${facts.requests} requests left (${facts.reason}), ${facts.rowsLeft} rows still wait`;
    case 'model':
      return facts.reason === '' ? `is ${facts.state}` : `is ${facts.state}, because ${facts.reason}`;
    case 'alert':
      return `alert ${facts.alert} ${facts.status} (${facts.severity}): ${facts.summary}`;
    case 'admin':
      return `an operator asked for: ${facts.action}`;
  }
}

function mib(bytes: DecisionFacts[string] | undefined): number {
  return Math.round(Number(bytes) / 1024 / 1024);
}

function minutes(ms: DecisionFacts[string] | undefined): number {
  return Math.round(Number(ms) / 60_000);
}
