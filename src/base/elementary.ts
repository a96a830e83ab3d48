const { LN2 } = Math;
const TERMS = 24;

/**
 * e^x by basic arithmetic. The built-in functions are not specified to the bit, and decisions must be identical on
 * every version of Node: see `replay`.
 */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709) return Number.POSITIVE_INFINITY;
  if (x < -745) return 0;
  const halvings = Math.round(x / LN2);
  const rest = x - halvings * LN2;
  let sum = 1;
  let term = 1;
  for (let n = 1; n < TERMS; n++) {
    term = (term * rest) / n;
    sum += term;
  }
  return sum * powerOfTwo(halvings);
}

/** The natural logarithm of a positive number, by basic arithmetic. */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let mantissa = x;
  let doublings = 0;
  while (mantissa > 1.5) {
    mantissa /= 2;
    doublings += 1;
  }
  while (mantissa < 0.75) {
    mantissa *= 2;
    doublings -= 1;
  }
  const z = (mantissa - 1) / (mantissa + 1);
  let sum = 0;
  let power = z;
  for (let n = 1; n < 2 * TERMS; n += 2) {
    sum += power / n;
    power *= z * z;
  }
  return 2 * sum + doublings * LN2;
}

/** `base` to the power of `exponent`, for a non-negative base. */
export function pow(base: number, exponent: number): number {
  if (exponent === 0) return 1;
  return base === 0 ? 0 : exp(exponent * log(base));
}

function powerOfTwo(exponent: number): number {
  let power = 1;
  for (let left = exponent; left > 0; left--) power *= 2;
  for (let left = exponent; left < 0; left++) power /= 2;
  return power;
}
