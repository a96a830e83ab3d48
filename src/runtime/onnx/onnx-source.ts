import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { externalPaths } from '../../model/external-data.ts';
import { type OnnxFile, readOnnxFile } from '../../model/onnx-file.ts';
import { withoutZipMaps, type ZipMap } from '../../model/zip-map.ts';

/** What the runtime opens. */
export interface OnnxSource {
  /** The path of the file, or the rewritten model. */
  readonly model: string | Uint8Array;
  /** Session options. A model from memory does not know the location of its external weights. */
  readonly extra: Readonly<Record<string, string>>;
  /** Metadata of the file; undefined when it cannot be read. */
  readonly file: OnnxFile | undefined;
  /** Warnings for the operator. */
  readonly warnings: readonly string[];
}

/** Limits the length of a warning. */
const NAMED_CLASSES = 20;

/**
 * The model as it is served: a classifier's dictionaries are replaced by the tensor they were made from. Throws when its
 * weights lie outside its folder. `bytes` are the contents of the file where they have been read before.
 */
export function onnxSource(path: string, bytes?: Uint8Array): OnnxSource {
  const file = readOnnxFile(bytes ?? path);
  externalPaths(path, file?.externalFiles ?? []);
  const zipMaps = file?.zipMaps ?? [];
  if (zipMaps.length === 0) return { model: bytes ?? path, extra: {}, file, warnings: [] };
  const hasWeightsBeside = (file?.externalFiles ?? []).length > 0;
  return {
    model: withoutZipMaps(bytes ?? readFileSync(path)),
    extra: hasWeightsBeside ? { model_external_initializers_file_folder_path: dirname(path) } : {},
    file,
    warnings: zipMaps.map(zipMapWarning),
  };
}

function zipMapWarning({ output, classes }: ZipMap): string {
  const named = classes.slice(0, NAMED_CLASSES).join(', ');
  const more = classes.length > NAMED_CLASSES ? `, … ${classes.length} in all` : '';
  return (
    `output '${output}' is a list of dictionaries (ZipMap), which the protocol cannot carry; it is served as a tensor ` +
    `of ${classes.length} columns, one per class: ${named}${more}. Export with ` +
    "options={id(model): {'zipmap': False}} (zipmap=False) to remove the ZipMap from the file"
  );
}
