/** The scalar types of Protobuf that model configurations use. */
export type ScalarName = 'string' | 'bool' | 'int32' | 'int64' | 'uint32' | 'uint64' | 'float' | 'double';

/** An enumeration: the names of its values, in the order of their numbers from 0. */
export interface EnumType {
  readonly names: readonly string[];
}

/** A message: its fields by name. */
export interface MessageType {
  readonly fields: Readonly<Record<string, FieldType>>;
}

export type ValueType = ScalarName | EnumType | MessageType;

/** A field of a message. */
export interface FieldType {
  readonly type: ValueType;
  readonly isRepeated?: true;
  /** The type of the keys of a map. */
  readonly key?: ScalarName;
  /** Fields with the same choice exclude each other. */
  readonly choice?: string;
}

export const isMessageType = (type: ValueType): type is MessageType =>
  typeof type === 'object' && 'fields' in type;
export const isEnumType = (type: ValueType): type is EnumType => typeof type === 'object' && 'names' in type;

/** A message type; a field without further properties is written as its type alone. */
export function message(fields: Readonly<Record<string, ValueType | FieldType>>): MessageType {
  return {
    fields: Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [
        name,
        typeof field === 'object' && 'type' in field ? field : { type: field },
      ]),
    ),
  };
}

/** A repeated field. */
export const many = (type: ValueType): FieldType => ({ type, isRepeated: true });

/** A map. */
export const map = (key: ScalarName, type: ValueType): FieldType => ({ type, key });

/** A field of a group in which only one may be set. */
export const choice = (name: string, type: ValueType): FieldType => ({ type, choice: name });

/** An enumeration whose names have a common beginning. */
export function enumeration(prefix: string, names: string): EnumType {
  return { names: names.split(' ').map((name) => prefix + name) };
}
