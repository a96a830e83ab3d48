import type { Parameters } from '../../model/inference.ts';
import type { TensorMetadata } from '../../model/model-metadata.ts';
import { parseExactJson, writeExactJson } from '../../tensor/exact-json.ts';
import { gatherRows, splitRows } from '../../tensor/rows.ts';
import type { Segments } from '../../tensor/segments.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Batch, Member } from '../../work/batch.ts';
import type { Done } from '../../work/outcome.ts';
import { readTensorTable, tensorTableBytes, writeTensorTable } from './tensor-table.ts';
import { FLAG, type Frame, padding } from './wire.ts';

/** The two halves of a frame's body. */
export interface Body {
  readonly meta: Uint8Array;
  readonly payloads: readonly Segments[];
}

/** A batch as the replica reads it. */
export interface RunBody {
  /** Rows of each member, in member order. */
  readonly memberRows: readonly number[];
  /** One tensor per input, with the rows of all members concatenated. */
  readonly inputs: readonly Tensor[];
  readonly parameters: Parameters;
}

/** Encodes a RUN body: each input gathered over all members (A₁A₂… B₁B₂…) without copying. */
export function encodeRun(batch: Batch): Body {
  const { members } = batch;
  const inputs = inputsOf(batch);
  const parameters = members[0]?.request.parameters ?? {};
  const parameterBytes = isEmpty(parameters) ? Buffer.alloc(0) : Buffer.from(writeExactJson(parameters));
  const rowsEnd = 8 + 4 * members.length;
  const tableStart = rowsEnd + padding(rowsEnd);
  const meta = Buffer.alloc(tableStart + tensorTableBytes(inputs) + parameterBytes.byteLength);
  meta.writeUInt32LE(members.length, 0);
  meta.writeUInt32LE(parameterBytes.byteLength, 4);
  for (let index = 0; index < members.length; index++) {
    meta.writeUInt32LE(members[index]?.rows ?? 0, 8 + 4 * index);
  }
  const tableEnd = writeTensorTable(meta, tableStart, inputs);
  meta.set(parameterBytes, tableEnd);
  return { meta, payloads: inputs.map((input) => input.data) };
}

function inputsOf({ members }: Batch): readonly Tensor[] {
  const first = members[0];
  if (first === undefined) throw new RangeError('the batch has no members');
  if (members.length === 1) return first.request.inputs;
  return first.request.inputs.map((_, index) =>
    gatherRows(members.map((member) => member.request.inputs[index] as Tensor)),
  );
}

/** Reads a RUN body; throws a RangeError when it is malformed. */
export function decodeRun(meta: Buffer, payload: Segments, inputs: readonly TensorMetadata[]): RunBody {
  const memberCount = meta.readUInt32LE(0);
  const parameterBytes = meta.readUInt32LE(4);
  const memberRows: number[] = [];
  for (let index = 0; index < memberCount; index++) memberRows.push(meta.readUInt32LE(8 + 4 * index));
  const rowsEnd = 8 + 4 * memberCount;
  const tensors = readTensorTable(meta, rowsEnd + padding(rowsEnd), payload, inputs);
  const parametersText = meta.toString('utf8', meta.byteLength - parameterBytes);
  const parameters = parameterBytes === 0 ? {} : (parseExactJson(parametersText) as Parameters);
  return { memberRows, inputs: tensors, parameters };
}

/** Encodes an ANSWER body: one member's outputs. */
export function encodeAnswer(outputs: readonly Tensor[]): Body {
  const meta = Buffer.alloc(tensorTableBytes(outputs));
  writeTensorTable(meta, 0, outputs);
  return { meta, payloads: outputs.map((output) => output.data) };
}

/** Reads an ANSWER body; throws a RangeError when it is malformed. */
export function decodeAnswer(meta: Buffer, payload: Segments, outputs: readonly TensorMetadata[]): Tensor[] {
  return readTensorTable(meta, 0, payload, outputs);
}

/** Reads an ANSWER body for all members and splits its rows by member; throws a RangeError when it is malformed. */
export function decodeAnswers(
  meta: Buffer,
  payload: Segments,
  outputs: readonly TensorMetadata[],
  members: readonly Member[],
): Tensor[][] {
  const gathered = readTensorTable(meta, 0, payload, outputs);
  if (members.length === 1) return [gathered];
  const rowCounts = members.map((member) => member.rows);
  const rows = rowCounts.reduce((sum, count) => sum + count, 0);
  const wrong = gathered.find(({ shape }) => shape[0] !== rows);
  if (wrong !== undefined)
    throw new RangeError(`output '${wrong.name}' has ${wrong.shape[0]} rows, expected ${rows}`);
  const parts = gathered.map((output) => splitRows(output, rowCounts));
  return members.map((_, index) => parts.map((byMember) => byMember[index] as Tensor));
}

/** Encodes an END body: service time and memory of a batch. */
export function encodeEnd({ computeMs, memory }: Pick<Done, 'computeMs' | 'memory'>): Buffer {
  const meta = Buffer.alloc(memory === undefined ? 8 : 24);
  meta.writeDoubleLE(computeMs, 0);
  if (memory !== undefined) {
    meta.writeDoubleLE(memory.beforeBytes, 8);
    meta.writeDoubleLE(memory.afterBytes, 16);
  }
  return meta;
}

/** Reads an END body; throws a RangeError when it is malformed. */
export function decodeEnd({ meta, flags }: Pick<Frame, 'meta' | 'flags'>): Done {
  const isMeasured = meta.byteLength > 8;
  const computeMs = amountAt(meta, 0);
  if (!isMeasured && (flags & FLAG.NOT_FINITE) === 0) return { kind: 'done', computeMs };
  return {
    kind: 'done',
    computeMs,
    ...(isMeasured ? { memory: { beforeBytes: amountAt(meta, 8), afterBytes: amountAt(meta, 16) } } : {}),
    ...((flags & FLAG.NOT_FINITE) !== 0 ? { isNotFinite: true as const } : {}),
  };
}

function amountAt(meta: Buffer, offset: number): number {
  const value = meta.readDoubleLE(offset);
  if (Number.isFinite(value) && value >= 0) return value;
  throw new RangeError(`${value} is not a valid time or size`);
}

function isEmpty(parameters: Parameters): boolean {
  for (const _ in parameters) return false;
  return true;
}
