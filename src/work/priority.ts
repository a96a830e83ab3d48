import { PRIORITIES } from '../config/priority-names.ts';

/** Index into PRIORITIES: the lead of a request in steps of ageing. */
export type Priority = 0 | 1 | 2 | 3;

/** The priority that settings name. */
export function priorityNamed(name: (typeof PRIORITIES)[number]): Priority {
  return PRIORITIES.indexOf(name) as Priority;
}

/** The protocol's number, 1 being most urgent; undefined for 0, which selects the model's default. */
export function priorityOfProtocol(number: number): Priority | undefined {
  if (number === 0) return undefined;
  return Math.max(0, 4 - number) as Priority;
}
