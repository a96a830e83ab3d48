import * as z from 'zod';

/** An external service that a model needs, with exactly one kind of check. */
export const DependencySettings = z
  .strictObject({
    name: z.string().min(1).describe('Name of the dependency in messages.'),
    tcp: z
      .string()
      .regex(/^.+:\d+$/)
      .optional()
      .describe('host:port that must accept a TCP connection.'),
    http: z.url().optional().describe('URL that must answer with a status below 400.'),
    command: z
      .array(z.string())
      .min(1)
      .optional()
      .describe('Program and its arguments; it must exit with code 0.'),
  })
  .refine(({ tcp, http, command }) => [tcp, http, command].filter(Boolean).length === 1, {
    error: 'exactly one of tcp, http and command',
  });
export type DependencySettings = z.output<typeof DependencySettings>;
