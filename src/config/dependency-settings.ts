import { z } from 'zod';

/** Something outside that a model needs, and the one way in which it is checked. */
export const DependencySettings = z
  .strictObject({
    name: z.string().min(1).describe('How it is called in messages.'),
    tcp: z
      .string()
      .regex(/^.+:\d+$/)
      .optional()
      .describe('host:port that must accept a connection.'),
    http: z.url().optional().describe('URL that must answer with a status below 400.'),
    command: z.array(z.string()).min(1).optional().describe('Program and arguments; it must exit with 0.'),
  })
  .refine(({ tcp, http, command }) => [tcp, http, command].filter(Boolean).length === 1, {
    error: 'exactly one of tcp, http and command',
  });
export type DependencySettings = z.output<typeof DependencySettings>;
