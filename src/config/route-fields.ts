import * as z from 'zod';

const TARGET = 'the name of a model, of a version such as digits/2, or of a route';

/** A model, a version of it by number or label, or another route. */
export const TargetName = z
  .string()
  .regex(/^[^/\s]+(\/(\d{1,15}|[a-z][\w.-]{0,62}))?$/i, TARGET)
  .meta({ title: TARGET })
  .describe('A model (digits), a version of it (digits/2, or digits/stable by a label), or another route.');

/** What a text or number of a request must be. */
export const Expression = z
  .string()
  .min(1)
  .describe(
    'What a value must be: text in which * stands for any characters (de*), or a comparison with a number (>= 10); ' +
      'a | b is either, ! negates. Upper and lower case are the same. A backslash takes the special meaning from the character after it.',
  );

/** A text of the request that identifies its user or names its target. */
export const KeySource = z
  .string()
  .regex(/^(tenant|id|header:[\w-]+|parameter:.+)$/)
  .meta({ title: 'header:NAME, parameter:NAME, tenant or id' })
  .describe(
    'Where a text of the request comes from: header:NAME, parameter:NAME (of the request body), tenant, or id (of the request).',
  );

/** An answer without a model. */
export const StaticAnswer = z
  .record(z.string().min(1), z.json())
  .describe('A fixed answer: values by output name. A single value stands for every row.');
