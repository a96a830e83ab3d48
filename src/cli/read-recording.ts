import { readBytes } from '../base/disk.ts';
import { messageOf, OperatorError } from '../base/errors.ts';
import { decodeRecording, type Recording } from '../observe/recorder/recording.ts';

/** Reads a recording; throws an OperatorError that names the file. */
export function readRecording(file: string): Recording {
  const bytes = readBytes(file);
  try {
    return decodeRecording(bytes);
  } catch (caught) {
    throw new OperatorError(`${file}: ${messageOf(caught)}`);
  }
}
