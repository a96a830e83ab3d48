import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type OnnxFile, readOnnxFile } from '../model/onnx-file.ts';
import { withoutZipMaps, type ZipMap } from '../model/zip-map.ts';

/** What the runtime is to open. */
export interface OnnxSource {
  /** The file itself, or what was made of it. */
  readonly model: string | Uint8Array;
  /** For the options of a session: a model from memory does not know where the weights beside its file are. */
  readonly extra: Readonly<Record<string, string>>;
  /** What its file tells; undefined where that cannot be read. */
  readonly file: OnnxFile | undefined;
  /** What whoever runs the server should know. */
  readonly warnings: readonly string[];
}

/** Named in a warning: more would fill the line. */
const NAMED_CLASSES = 20;

/** A model as it can be served: what a classifier gives as dictionaries becomes the tensor that they were made of. */
export function onnxSource(path: string): OnnxSource {
  const file = readOnnxFile(path);
  const zipMaps = file?.zipMaps ?? [];
  if (zipMaps.length === 0) return { model: path, extra: {}, file, warnings: [] };
  const hasWeightsBeside = (file?.externalFiles ?? []).length > 0;
  return {
    model: withoutZipMaps(readFileSync(path)),
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
    `of ${classes.length} columns, one a class: ${named}${more}. Export with ` +
    "options={id(model): {'zipmap': False}} (zipmap=False) to have it so in the file"
  );
}
