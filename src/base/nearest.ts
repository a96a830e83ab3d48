import { distance } from 'fastest-levenshtein';

/** The known name that is most similar to a wrong one; undefined when none is similar enough. */
export function nearestName(wrong: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(wrong.length / 3)) + 1;
  for (const name of known) {
    const [came, meant] = [wrong.toLowerCase(), name.toLowerCase()];
    // A prefix is a closer match than its edit distance suggests.
    const steps = came.length >= 3 && meant.startsWith(came) ? 0 : distance(came, meant);
    if (steps < bestDistance) {
      best = name;
      bestDistance = steps;
    }
  }
  return best;
}
