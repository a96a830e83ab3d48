import type { Decision, DecisionKind, FactsByKind } from './decision.ts';

/** A decision as a sentence. Sentences are made on reading, so that deciding costs no text. */
export function describeDecision({ kind, model, version, replica, facts }: Decision): string {
  const name = version === '' ? model : `${model}/${version}`;
  const subject = replica === '' ? name : replica;
  return `${subject}: ${sentenceOf(kind, facts)}`;
}

function sentenceOf<K extends DecisionKind>(kind: K, facts: FactsByKind[K]): string {
  return SENTENCES[kind](facts);
}

const SENTENCES: { readonly [K in DecisionKind]: (facts: FactsByKind[K]) => string } = {
  replica: ({ incarnation, from, to, reason }) =>
    to === 'waiting'
      ? `waits for its turn to load: ${reason}`
      : `process ${incarnation} went from ${from} to ${to}, because ${reason}`,
  restart: ({ incarnation, from, to, reason }) =>
    to === 'failed'
      ? `process ${incarnation} is given up after ${from}, because ${reason}`
      : `process ${incarnation} ended while ${from}, because ${reason}; another one starts`,
  ejection: ({ causes, reason }) => `ejected for ${causes}, because ${reason}`,
  probe: ({ result, misses, detail }) => `check ${result}, ${misses} in a row, because ${detail}`,
  memory: ({ bytes, limitBytes, inMs }) =>
    `memory grows: ${mebibytes(bytes)} MiB now, the limit of ${mebibytes(limitBytes)} MiB in ${minutes(inMs)} minutes`,
  recovery: ({ requests, how, detail }) => `${requests} requests are tried again (${how}), because ${detail}`,
  quarantine: ({ request, detail }) =>
    `the input of request '${request}' ended a replica again when it ran alone, and is refused for a while: ${detail}`,
  'late error': ({ incarnation, error, stack }) =>
    `process ${incarnation} was ended by code of the model that ran after or beside its answers: ${error}\n${stack}`,
  refusal: ({ request, reason, waitedMs, why }) =>
    `request '${request}' was refused with ${reason} after ${waitedMs} ms: ${why}`,
  batch: ({ batch, rows, requests, reason, rowsLeft }) =>
    `batch ${batch} of ${rows} rows from ${requests} requests was sent (${reason}), ${rowsLeft} rows still wait`,
  model: ({ state, reason }) => (reason === '' ? `is ${state}` : `is ${state}, because ${reason}`),
  alert: ({ alert, status, severity, summary }) => `alert ${alert} ${status} (${severity}): ${summary}`,
  admin: ({ action }) => `an operator requested: ${action}`,
  route: ({ request, rule, variant, isSticky, attempts, servedBy }) => {
    const by = rule === 0 ? 'no rule' : `rule ${rule}`;
    const drawn = variant === '' ? '' : `, ${variant} ${isSticky ? 'by its key' : 'in turn'}`;
    const tried = attempts.map(({ target, result, reason }) =>
      reason === undefined ? `${target} ${result}` : `${target} ${result} (${reason})`,
    );
    const end = servedBy === '' ? 'refused' : `served by ${servedBy}`;
    return `request '${request}': ${by}${drawn}; ${[...tried, end].join(', ')}`;
  },
  traffic: ({ subject, action, share, winner, because }) => {
    const now = winner === '' ? (share === null ? '' : `, now ${share} %`) : `, all traffic to ${winner}`;
    return `${subject}: ${action}${now}, because ${because}`;
  },
  rollout: ({ step, replaces, reason }) => {
    const instead = replaces === null ? '' : ` in place of version ${replaces}`;
    if (step === 'began') return `the version loads${instead}`;
    if (step === 'switched') return `the version serves${instead}`;
    if (step === 'done') return 'the version serves';
    return step === 'removed' ? 'the version is served no more' : `the version is not served: ${reason}`;
  },
  scaling: ({ from, to, signal, because, proposals, limit }) => {
    const others = proposals.length === 0 ? '' : `; asked for: ${proposals.join(', ')}`;
    const limited = limit === '' ? '' : `; limited: ${limit}`;
    return `${from} → ${to} replicas, by ${signal}: ${because}${others}${limited}`;
  },
};

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1024 / 1024);
}

function minutes(ms: number): number {
  return Math.round(ms / 60_000);
}
