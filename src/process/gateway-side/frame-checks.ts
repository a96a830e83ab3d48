import type { ModelMetadata, SampleTensor, TensorMetadata } from '../../model/model-metadata.ts';
import type { Heartbeat } from '../../replica/replica.ts';
import { countElements } from '../../tensor/bytes-elements.ts';
import { DATATYPE_NAMES } from '../../tensor/datatype.ts';
import { segmentsOf } from '../../tensor/segments.ts';
import { byteSize, elementCount } from '../../tensor/tensor.ts';
import type { OwnEnd } from '../wire/own-end.ts';

/**
 * Frames of a replica are validated before use, because a model's code may write to the pipes. Each function reads a
 * frame's JSON and returns only known fields; it throws a RangeError on anything else.
 */
const MOST_TENSORS = 1024;
const MOST_AXES = 64;
const MOST_NAME = 4096;
const MOST_TEXT = 16_384;
const MOST_SAMPLE_TEXT = 2 * 1024 * 1024;

type Fields = Readonly<Record<string, unknown>>;

/** Reads a HEARTBEAT. */
export function readHeartbeat(text: string): Heartbeat {
  const heartbeat = fieldsOf(JSON.parse(text), 'the heartbeat');
  return {
    rssBytes: amount(heartbeat, 'rssBytes'),
    cpuMs: amount(heartbeat, 'cpuMs'),
    batches: count(heartbeat, 'batches'),
  };
}

/** Reads an OWN_END. */
export function readOwnEnd(text: string): OwnEnd {
  const end = fieldsOf(JSON.parse(text), 'the OWN_END frame');
  const [stack, signal] = [optionalText(end, 'stack', MOST_TEXT), optionalText(end, 'signal', MOST_NAME)];
  return {
    text: textIn(end, 'text', MOST_TEXT),
    ...(stack === undefined ? {} : { stack }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** Reads a LOADED. */
export function readMetadata(text: string): ModelMetadata {
  const metadata = fieldsOf(JSON.parse(text), 'metadata');
  const device = optionalText(metadata, 'device', MOST_NAME);
  const rowsDependOn = optionalText(metadata, 'rowsDependOn', MOST_TEXT);
  const artefact = optionalText(metadata, 'artefact', MOST_NAME);
  const uses = metadata.uses === undefined ? undefined : namesIn(metadata, 'uses');
  return {
    platform: textIn(metadata, 'platform', MOST_NAME),
    ...(device === undefined ? {} : { device }),
    inputs: tensorsIn(metadata, 'inputs'),
    outputs: tensorsIn(metadata, 'outputs'),
    readsParameters: flag(metadata, 'readsParameters'),
    ...(uses === undefined ? {} : { uses }),
    ...(rowsDependOn === undefined ? {} : { rowsDependOn }),
    ...(artefact === undefined ? {} : { artefact }),
    ...(metadata.sample === undefined ? {} : { sample: sampleIn(metadata) }),
    ...(metadata.answersInParts === true ? { answersInParts: true } : {}),
    ...(metadata.tellsHealth === true ? { tellsHealth: true } : {}),
    ...(metadata.isRestored === true ? { isRestored: true } : {}),
  };
}

function tensorsIn(fields: Fields, name: string): TensorMetadata[] {
  return listIn(fields, name, MOST_TENSORS).map((each) => {
    const tensor = fieldsOf(each, `an item of '${name}'`);
    const datatype = DATATYPE_NAMES.find((known) => known === tensor.datatype);
    if (datatype === undefined) throw new RangeError(`an item of '${name}' has an unknown datatype`);
    const shape = listIn(tensor, 'shape', MOST_AXES);
    if (!shape.every(isSize))
      throw new RangeError(`a shape has a size that is not a whole number of at least -1`);
    const axisNames = tensor.axisNames === undefined ? undefined : listIn(tensor, 'axisNames', MOST_AXES);
    if (axisNames?.every(isAxisName) === false)
      throw new RangeError(
        `'axisNames' has an item that is neither null nor a string of at most ${MOST_NAME} characters`,
      );
    return {
      name: textIn(tensor, 'name', MOST_NAME),
      datatype,
      shape,
      ...(axisNames === undefined ? {} : { axisNames: axisNames as (string | null)[] }),
      ...(tensor.anyRank === true ? { anyRank: true } : {}),
    };
  });
}

function sampleIn(fields: Fields): SampleTensor[] {
  return listIn(fields, 'sample', MOST_TENSORS).map((each) => {
    const tensor = fieldsOf(each, "an item of 'sample'");
    const datatype = DATATYPE_NAMES.find((known) => known === tensor.datatype);
    if (datatype === undefined) throw new RangeError("an item of 'sample' has an unknown datatype");
    const shape = listIn(tensor, 'shape', MOST_AXES);
    if (!shape.every((size) => isSize(size) && size >= 0))
      throw new RangeError("an item of 'sample' has a shape that is not complete");
    const form = { name: textIn(tensor, 'name', MOST_NAME), datatype, shape: shape as number[] };
    const base64 = textIn(tensor, 'base64', MOST_SAMPLE_TEXT);
    const data = segmentsOf(Buffer.from(base64, 'base64'));
    const isWhole =
      datatype === 'BYTES'
        ? countElements(data) === elementCount(form.shape)
        : data.byteLength === byteSize(datatype, form.shape);
    if (!isWhole) throw new RangeError("an item of 'sample' has data that do not fit its shape");
    return { ...form, base64 };
  });
}

function namesIn(fields: Fields, name: string): string[] {
  return listIn(fields, name, MOST_TENSORS).map((each) => {
    if (typeof each === 'string' && each.length <= MOST_NAME) return each;
    throw new RangeError(`'${name}' has an item that is not a string of at most ${MOST_NAME} characters`);
  });
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= -1;
}

function isAxisName(value: unknown): boolean {
  return value === null || (typeof value === 'string' && value.length <= MOST_NAME);
}

function fieldsOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new RangeError(`${what} is not an object`);
}

function listIn(fields: Fields, name: string, most: number): readonly unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw new RangeError(`'${name}' is not an array`);
  if (value.length > most) throw new RangeError(`'${name}' has ${value.length} items, the limit is ${most}`);
  return value;
}

function textIn(fields: Fields, name: string, most: number): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new RangeError(`'${name}' is not a string`);
  if (value.length > most)
    throw new RangeError(`'${name}' has ${value.length} characters, the limit is ${most}`);
  return value;
}

function optionalText(fields: Fields, name: string, most: number): string | undefined {
  return fields[name] === undefined ? undefined : textIn(fields, name, most);
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name];
  if (typeof value !== 'boolean') throw new RangeError(`'${name}' is not a boolean`);
  return value;
}

function amount(fields: Fields, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(`'${name}' is not a finite number of at least 0`);
}

function count(fields: Fields, name: string): number {
  const value = amount(fields, name);
  // The recorder stores it in 32 bits.
  if (Number.isInteger(value) && value <= 0xffff_ffff) return value;
  throw new RangeError(`'${name}' is not an unsigned 32-bit integer`);
}
