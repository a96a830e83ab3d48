import { distance } from 'fastest-levenshtein';

/** The known name that a wrong one was probably meant to be; undefined when none is near. */
export function nearestName(wrong: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(wrong.length / 3)) + 1;
  for (const name of known) {
    const [came, meant] = [wrong.toLowerCase(), name.toLowerCase()];
    // Who stops typing half-way is nearer than any count of letters says.
    const steps = came.length >= 3 && meant.startsWith(came) ? 0 : distance(came, meant);
    if (steps < bestDistance) {
      best = name;
      bestDistance = steps;
    }
  }
  return best;
}
