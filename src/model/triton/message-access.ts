import type { Place } from './place.ts';
import type { Given, Message } from './read-message.ts';
import type { Scalar } from './read-scalar.ts';

/** Reading fields of checked messages; a field that is not given has the default of Protobuf. */

const NONE: readonly Given[] = [];

/** All values of a field. */
export function givenIn(message: Message, field: string): readonly Given[] {
  return message.fields.get(field) ?? NONE;
}

export function isGiven(message: Message, field: string): boolean {
  return message.fields.has(field);
}

/** Where a field stands, or the message where it is not given. */
export function placeOf(message: Message, field: string): Place {
  return givenIn(message, field)[0]?.at ?? message.at;
}

export function messagesIn(message: Message, field: string): readonly Message[] {
  return givenIn(message, field).map(({ value }) => value as Message);
}

export function messageIn(message: Message, field: string): Message | undefined {
  return messagesIn(message, field)[0];
}

export function textIn(message: Message, field: string, fallback = ''): string {
  return (givenIn(message, field)[0]?.value as string | undefined) ?? fallback;
}

export function flagIn(message: Message, field: string): boolean {
  return (givenIn(message, field)[0]?.value as boolean | undefined) ?? false;
}

/** A number, inexact beyond 2^53. */
export function numberIn(message: Message, field: string, fallback = 0): number {
  return Number(givenIn(message, field)[0]?.value ?? fallback);
}

export function numbersIn(message: Message, field: string): number[] {
  return givenIn(message, field).map(({ value }) => Number(value));
}

/** The entries of a map. */
export function entriesIn<T extends Scalar | Message>(
  message: Message,
  field: string,
): { readonly key: string; readonly value: T; readonly at: Place }[] {
  return givenIn(message, field).map(({ key, value, at }) => ({ key: String(key), value: value as T, at }));
}
