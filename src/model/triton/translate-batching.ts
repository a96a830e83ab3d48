import {
  entriesIn,
  flagIn,
  givenIn,
  isGiven,
  messageIn,
  numberIn,
  numbersIn,
  placeOf,
  textIn,
} from './message-access.ts';
import type { Message } from './read-message.ts';
import type { Translation } from './translation.ts';

/** By the priority of a request: 1 is the most urgent. */
const PRIORITIES = ['critical-plus', 'critical', 'sheddable-plus', 'sheddable'];
const MICROSECONDS_PER_MS = 1000;
/** The default of queue.maxRows. */
const USUAL_QUEUE_ROWS = 1024;

/** `max_batch_size` and `dynamic_batching`. `isCompleted`: what is left out is found out from the model, as in Triton. */
export function translateBatching(
  config: Message,
  { isCompleted }: { readonly isCompleted: boolean },
  translation: Translation,
): void {
  const size = numberIn(config, 'max_batch_size');
  const batching = messageIn(config, 'dynamic_batching');
  if (size < 0) {
    translation.problem(placeOf(config, 'max_batch_size'), `'max_batch_size' is ${size}, wanted at least 0`);
    return;
  }
  if (batching === undefined) boundQueue({ requests: 0, batch: size }, translation);
  else translateDynamic(batching, { size, isCompleted }, translation);
  if (size === 0) {
    if (!isCompleted) {
      translation.set('batchAxis', 'none');
      if (batching !== undefined)
        translation.note(batching.at, "'dynamic_batching' has no effect: max_batch_size is 0");
    } else if (batching !== undefined) mergeRows(batching, undefined, translation);
    return;
  }
  translation.set('batchAxis', 'first');
  translation.set('queue.maxRequestRows', size);
  if (batching !== undefined) {
    translation.set('batching.rows', 'independent');
    mergeRows(batching, size, translation);
    // Without a scheduler each request runs alone, but a configuration that is completed from the model gets one. That
    // declares nothing about the rows: warmup tests them.
  } else if (isCompleted && size > 1) translation.set('batching.maxBatchSize', size);
  else translation.set('batching.rows', 'dependent');
}

function mergeRows(batching: Message, size: number | undefined, translation: Translation): void {
  const preferred = numbersIn(batching, 'preferred_batch_size');
  const delay = numberIn(batching, 'max_queue_delay_microseconds');
  translation.set('batching.maxBatchSize', preferred.length === 0 ? size : Math.max(...preferred));
  translation.set('batching.maxWaitMs', delay / MICROSECONDS_PER_MS);
}

function translateDynamic(
  batching: Message,
  { size, isCompleted }: { readonly size: number; readonly isCompleted: boolean },
  translation: Translation,
): void {
  const preferred = numbersIn(batching, 'preferred_batch_size');
  for (const { value, at } of givenIn(batching, 'preferred_batch_size')) {
    // The size that the model allows is not known yet.
    const isOpen = size === 0 && isCompleted;
    if (Number(value) < 1 || (Number(value) > size && !isOpen)) {
      const wanted =
        size === 0 ? 'at least 1, and max_batch_size above 0' : `from 1 to max_batch_size (${size})`;
      translation.problem(at, `'preferred_batch_size' is ${value}, wanted ${wanted}`);
    }
  }
  const largest = Math.max(0, ...preferred);
  if (preferred.some((each) => each !== largest)) {
    translation.note(
      placeOf(batching, 'preferred_batch_size'),
      `of 'preferred_batch_size' only the largest counts: a batch leaves with ${largest} rows, or after max_queue_delay_microseconds`,
    );
  }
  checkOrder(batching, translation);
  translatePriorities(batching, translation);
  const policy = messageIn(batching, 'default_queue_policy');
  if (policy !== undefined) translatePolicy(policy, translation);
  const requests = policy === undefined ? 0 : numberIn(policy, 'max_queue_size');
  boundQueue({ requests, batch: Math.max(size, largest) }, translation);
}

/** Times out and delays are in the way of an order, as in Triton. */
function checkOrder(batching: Message, translation: Translation): void {
  if (!flagIn(batching, 'preserve_ordering')) return;
  const levels = numberIn(batching, 'priority_levels');
  const at = placeOf(batching, 'preserve_ordering');
  if (levels > 1) {
    translation.problem(at, `'preserve_ordering' needs one priority level, but priority_levels is ${levels}`);
  }
  const policies = [
    ...givenIn(batching, 'default_queue_policy'),
    ...givenIn(batching, 'priority_queue_policy'),
  ].map(({ value }) => value as Message);
  for (const policy of policies.filter(delays)) {
    translation.problem(policy.at, "'timeout_action' is DELAY, which 'preserve_ordering' does not allow");
  }
}

function delays(policy: Message): boolean {
  const timeout = numberIn(policy, 'default_timeout_microseconds');
  return textIn(policy, 'timeout_action') === 'DELAY' && timeout > 0;
}

function translatePriorities(batching: Message, translation: Translation): void {
  const levels = numberIn(batching, 'priority_levels');
  const standard = numberIn(batching, 'default_priority_level');
  if (levels === 0) return;
  const range = `wanted from 1 to priority_levels (${givenIn(batching, 'priority_levels')[0]?.value})`;
  if (standard < 1 || standard > levels) {
    translation.problem(
      placeOf(batching, 'default_priority_level'),
      `'default_priority_level' is ${standard}, ${range}`,
    );
    return;
  }
  for (const { key, at } of entriesIn(batching, 'priority_queue_policy')) {
    if (Number(key) < 1 || Number(key) > levels) {
      translation.problem(at, `'priority_queue_policy' has the level ${key}, ${range}`);
    }
  }
  translation.set('priority', PRIORITIES[Math.min(standard, PRIORITIES.length) - 1]);
  if (levels > PRIORITIES.length) {
    translation.note(
      placeOf(batching, 'priority_levels'),
      `there are ${PRIORITIES.length} priorities: requests of level ${PRIORITIES.length} and above are equal`,
    );
  }
}

/** The queue has room for the largest batch, whatever its bound. */
function boundQueue(
  { requests, batch }: { readonly requests: number; readonly batch: number },
  translation: Translation,
): void {
  const rows = Math.max(requests, batch);
  if (requests > 0 || rows > USUAL_QUEUE_ROWS) translation.set('queue.maxRows', rows);
}

function translatePolicy(policy: Message, translation: Translation): void {
  const timeoutMs = numberIn(policy, 'default_timeout_microseconds') / MICROSECONDS_PER_MS;
  if (timeoutMs > 0 && delays(policy)) {
    translation.note(
      placeOf(policy, 'timeout_action'),
      "'timeout_action' DELAY is not supported, so that default_timeout_microseconds is ignored: a request that waits longer than timeoutMs is refused",
    );
  } else if (timeoutMs > 0) {
    translation.set('queue.timeoutMs', timeoutMs);
  }
  if (isGiven(policy, 'allow_timeout_override') && !flagIn(policy, 'allow_timeout_override')) {
    translation.note(
      placeOf(policy, 'allow_timeout_override'),
      "'allow_timeout_override' is ignored: a request may always set a timeout of its own",
    );
  }
  if (numberIn(policy, 'max_queue_size') === 0) return;
  translation.note(
    placeOf(policy, 'max_queue_size'),
    "'max_queue_size' becomes queue.maxRows, which counts rows instead of requests",
  );
}
