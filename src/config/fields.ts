import * as z from 'zod';

/** Fields that many sections have, so that equal kinds of settings have equal bounds. Each takes its default. */

/** A number above 0. */
export const positive = (fallback: number) => z.number().positive().default(fallback);

/** A number of at least 0. */
export const notNegative = (fallback: number) => z.number().min(0).default(fallback);

/** A whole number of at least 1. */
export const whole = (fallback: number) => z.int().min(1).default(fallback);

/** The interval of something that the server repeats, in ms. */
export const period = (fallback: number) => z.number().min(10).default(fallback);

export const percentage = (fallback: number) => z.number().min(0).max(100).default(fallback);

/** A fraction above 0 and at most 1. */
export const share = (fallback: number) => z.number().positive().max(1).default(fallback);

export const flag = (fallback: boolean) => z.boolean().default(fallback);

/** A text without a default, most often the path of a file. */
export const text = () => z.string().optional();

/** A group of settings that may be left out, because each of them has a default or is optional. */
export function section<T extends z.core.$ZodLooseShape>(fields: T) {
  return z.strictObject(fields).prefault({} as z.input<z.ZodObject<T, z.core.$strict>>);
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** A time as text with a unit, such as 10m; the value is in ms. */
export const duration = (fallback: string) =>
  z
    .string()
    .regex(DURATION)
    .meta({ title: 'a time with its unit such as 30s, 10m or 2h' })
    .default(fallback)
    .transform(msOf);

function msOf(text: string): number {
  const [, number = '', unit = ''] = DURATION.exec(text) ?? [];
  return Number(number) * (UNITS[unit] ?? Number.NaN);
}
