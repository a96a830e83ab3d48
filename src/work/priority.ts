import { PRIORITIES } from '../config/priority-names.ts';

/** Index into PRIORITIES: how many steps of ageing a request is ahead. */
export type Priority = 0 | 1 | 2 | 3;

/** The number of a priority that settings name. */
export function priorityNamed(name: (typeof PRIORITIES)[number]): Priority {
  return PRIORITIES.indexOf(name) as Priority;
}

/** The protocol's number, where 1 is most urgent; undefined for 0, which leaves it to the model. */
export function priorityOfProtocol(number: number): Priority | undefined {
  if (number === 0) return undefined;
  return Math.max(0, 4 - number) as Priority;
}
