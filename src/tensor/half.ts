/** The two 16-bit float formats: bits of the fraction, and exponent of the smallest normal number. */
const FORMATS = {
  FP16: { fractionBits: 10, minExponent: -14, infinity: 0x7c00, nan: 0x7e00 },
  BF16: { fractionBits: 7, minExponent: -126, infinity: 0x7f80, nan: 0x7fc0 },
} as const;

export type HalfDatatype = keyof typeof FORMATS;

const SIGN = 0x8000;
const scratch = new Float64Array(1);
const scratchWords = new Uint32Array(scratch.buffer);

/** The exact value of a 16-bit pattern. */
export function halfToNumber(datatype: HalfDatatype, bits: number): number {
  const { fractionBits, minExponent, infinity } = FORMATS[datatype];
  const magnitude = bits & ~SIGN;
  const sign = (bits & SIGN) === 0 ? 1 : -1;
  if (magnitude >= infinity) return magnitude === infinity ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  const exponent = magnitude >> fractionBits;
  const fraction = magnitude - (exponent << fractionBits);
  const significand = exponent === 0 ? fraction : fraction + (1 << fractionBits);
  return sign * significand * 2 ** (Math.max(exponent, 1) - 1 + minExponent - fractionBits);
}

/** The nearest 16-bit pattern, ties to even; undefined for a finite number beyond the range. */
export function numberToHalf(datatype: HalfDatatype, value: number): number | undefined {
  const { fractionBits, minExponent, infinity, nan } = FORMATS[datatype];
  if (Number.isNaN(value)) return nan;
  const sign = value < 0 || Object.is(value, -0) ? SIGN : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | infinity;
  const exponent = Math.max(exponentOf(magnitude), minExponent);
  if (exponent > -minExponent + 1) return undefined;
  const significand = roundToEven(magnitude / 2 ** (exponent - fractionBits));
  // A significand that is rounded up to the next power of two carries into the exponent, which is correct.
  const bits = ((exponent - minExponent) << fractionBits) + significand;
  return bits >= infinity ? undefined : sign | bits;
}

/** The exponent of the largest power of two that is not above the value. */
function exponentOf(magnitude: number): number {
  scratch[0] = magnitude;
  return ((scratchWords[1] as number) >>> 20) - 1023;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
