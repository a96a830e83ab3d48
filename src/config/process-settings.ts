import * as z from 'zod';
import { section, whole } from './fields.ts';

const MIB = 1024 * 1024;
/** A name, or a prefix followed by a star. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*\*?$/;

/** What the process of a replica, which runs the model's code, gets from the machine, and how much it may output. */
export const ProcessSettings = section({
  env: z
    .array(
      z
        .string()
        .regex(NAME, 'the name of an environment variable, or a prefix followed by *')
        .refine((name) => !/^G(A(L(L(E(Y)?)?)?)?)?\*$|^GALLEY_/.test(name), {
          error:
            'a name that does not match GALLEY_…: these variables hold settings and secrets of the server',
        }),
    )
    .default([])
    .describe(
      'Environment variables that a replica gets in addition to PATH, HOME, TMPDIR, LANG, LC_*, TZ, LD_LIBRARY_PATH and those of Node.js, CUDA, OpenMP and similar libraries. ' +
        'A name may end with *; the * does not match names that contain token, key, secret, password or credential; list those in full.',
    ),
  nice: z
    .int()
    .min(0)
    .max(19)
    .default(0)
    .describe('Scheduling niceness of replicas: 0 is the priority of the gateway, 19 the lowest priority.'),
  maxAnswerBytes: z
    .int()
    .positive()
    .max(2 ** 31 - 2 * MIB)
    .default(256 * MIB)
    .describe(
      'Largest size of one answer, all outputs together. A larger answer is refused with 500 MODEL_ERROR.',
    ),
  maxErrorCharacters: z
    .int()
    .min(100)
    .max(MIB / 8)
    .default(8192)
    .describe('Longest error text of a model in characters; the rest is cut off.'),
  maxLineCharacters: z
    .int()
    .min(10)
    .max(MIB)
    .default(8192)
    .describe('Longest log line of a replica in characters; the rest is cut off.'),
  maxLinesPerSecond: whole(100).describe(
    'Lines that a replica may write to the log per second; further lines are counted and dropped.',
  ),
});
export type ProcessSettings = z.output<typeof ProcessSettings>;
