/** Zero crossings of the sinc on each side: more make the edge of the passed frequencies steeper. */
const CROSSINGS = 16;
/** Values of the kernel between two zero crossings; between them it is interpolated. */
const STEPS = 512;
/** Share of the passed frequencies: the rest is the slope of the filter. */
const PASSED = 0.95;

let kernel: Float64Array | undefined;

/**
 * Converts samples to another number per second by a windowed sinc, which lets through what both rates can hold: a higher
 * tone is removed instead of coming back as a lower one.
 */
export function resample(samples: Float32Array, from: number, to: number): Float32Array {
  for (const [name, rate] of Object.entries({ from, to })) {
    if (!Number.isFinite(rate) || rate <= 0) {
      throw new RangeError(`resample: '${name}' is ${rate}, wanted samples per second above 0`);
    }
  }
  if (from === to) return samples;
  kernel ??= halfKernel();
  const result = new Float32Array(Math.ceil((samples.length * to) / from));
  const cutoff = Math.min(1, to / from) * PASSED;
  const reach = CROSSINGS / cutoff;
  for (let index = 0; index < result.length; index++) {
    const centre = (index * from) / to;
    const first = Math.max(0, Math.ceil(centre - reach));
    const last = Math.min(samples.length - 1, Math.floor(centre + reach));
    let sum = 0;
    for (let at = first; at <= last; at++) {
      const place = Math.abs(at - centre) * cutoff * STEPS;
      const step = Math.floor(place);
      const here = kernel[step] as number;
      sum += (samples[at] as number) * (here + (place - step) * ((kernel[step + 1] as number) - here));
    }
    result[index] = sum * cutoff;
  }
  return result;
}

/** The right half of the sinc under a Blackman window. */
function halfKernel(): Float64Array {
  const values = new Float64Array(CROSSINGS * STEPS + 2);
  for (let step = 0; step <= CROSSINGS * STEPS; step++) {
    const x = Math.PI * (step / STEPS);
    const window = 0.42 + 0.5 * Math.cos(x / CROSSINGS) + 0.08 * Math.cos((2 * x) / CROSSINGS);
    values[step] = (step === 0 ? 1 : Math.sin(x) / x) * window;
  }
  return values;
}
