import { givenIn, isGiven, messageIn, numberIn, placeOf } from './message-access.ts';
import type { Message } from './read-message.ts';
import type { Translation } from './translation.ts';

/** `version_policy` as the versions to serve. */
export function translateVersions(config: Message, translation: Translation): void {
  const policy = messageIn(config, 'version_policy');
  if (policy === undefined) return;
  if (isGiven(policy, 'all')) translation.set('versions', 'all');
  const latest = messageIn(policy, 'latest');
  if (latest !== undefined) {
    const count = numberIn(latest, 'num_versions', 1);
    if (count < 1) {
      translation.problem(placeOf(latest, 'num_versions'), `'num_versions' is ${count}, wanted at least 1`);
    }
    translation.set('versions', count === 1 ? 'latest' : { latest: count });
  }
  const specific = messageIn(policy, 'specific');
  if (specific === undefined) return;
  const versions = givenIn(specific, 'versions');
  if (versions.length === 0)
    translation.problem(specific.at, "'specific' has no versions, wanted at least one");
  for (const { value, at } of versions) {
    if (Number(value) < 1) translation.problem(at, `'versions' has ${value}, wanted at least 1`);
  }
  translation.set(
    'versions',
    versions.map(({ value }) => (Number.isSafeInteger(Number(value)) ? Number(value) : String(value))),
  );
}
