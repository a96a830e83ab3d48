import { fateOf, fateText } from './field-fates.ts';
import type { Given, Message } from './read-message.ts';
import { isEnumType, type ValueType } from './schema.ts';
import type { Translation } from './translation.ts';

/** Adds a note for each given field that is ignored, and a problem for each that is refused. Values by default count as not given. */
export function reportFates(message: Message, translation: Translation, path = ''): void {
  for (const [name, all] of message.fields) {
    const at = path === '' ? name : `${path}.${name}`;
    const fate = fateOf(at);
    const given = all.find((each) => !isDefault(each, message.type.fields[name]?.type));
    if (given === undefined) continue;
    if (fate === undefined || 'honoured' in fate) {
      for (const { value } of all) if (typeof value === 'object') reportFates(value, translation, at);
    } else if ('ignored' in fate) translation.note(given.at, fateText(at, fate));
    else translation.problem(given.at, fateText(at, fate));
  }
}

function isDefault({ value }: Given, type: ValueType | undefined): boolean {
  if (type !== undefined && typeof type === 'object' && isEnumType(type)) return value === type.names[0];
  return value === '' || value === false || value === 0 || value === 0n;
}
