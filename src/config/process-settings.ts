import { z } from 'zod';

const MIB = 1024 * 1024;
/** A name, or the beginning of names with a star behind it. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*\*?$/;

/** What the process of a replica gets from the machine, and how much it may say. The model's code runs in it. */
export const ProcessSettings = z
  .strictObject({
    env: z
      .array(
        z
          .string()
          .regex(NAME, 'the name of an environment variable, or its beginning with * behind it')
          .refine((name) => !/^G(A(L(L(E(Y)?)?)?)?)?\*$|^GALLEY_/.test(name), {
            error: 'not GALLEY_…: those are the settings and secrets of the server itself',
          }),
      )
      .default([])
      .describe(
        'Environment variables that a replica gets beside PATH, HOME, TMPDIR, LANG, LC_*, TZ, LD_LIBRARY_PATH and those of Node.js, CUDA, OpenMP and the like. ' +
          'A name may end with *; names that speak of a token, key, secret or password have to be written out.',
      ),
    nice: z
      .int()
      .min(0)
      .max(19)
      .default(0)
      .describe(
        'How far replicas stand back when cores are short: 0 is as important as the gateway, 19 least.',
      ),
    maxAnswerBytes: z
      .int()
      .positive()
      .max(2 ** 31 - 2 * MIB)
      .default(256 * MIB)
      .describe('Largest answer to one request, all its outputs together. A larger one is 500 MODEL_ERROR.'),
    maxErrorCharacters: z
      .int()
      .min(100)
      .max(MIB / 8)
      .default(8192)
      .describe('Longest text of an error that a model throws; the rest is cut off.'),
    maxLineCharacters: z
      .int()
      .min(10)
      .max(MIB)
      .default(8192)
      .describe('Longest line that a replica writes into the log; the rest is cut off.'),
    maxLinesPerSecond: z
      .int()
      .min(1)
      .default(100)
      .describe(
        'Lines that a replica may write into the log within a second; more are counted and left out.',
      ),
  })
  .prefault({});
export type ProcessSettings = z.output<typeof ProcessSettings>;
