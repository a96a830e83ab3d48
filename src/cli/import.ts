import { readFileSync } from 'node:fs';
import { Document, isScalar, visit } from 'yaml';
import { DISK, lookAt } from '../base/disk.ts';
import { OperatorError } from '../base/errors.ts';
import { type Remark, remarkText } from '../model/triton/place.ts';
import { readTritonConfig } from '../model/triton/translate.ts';

/** The file of a version in a repository of ours. */
const MODEL_FILE = 'model.onnx';

/** The text of the model.yaml for a config.pbtxt. Throws an OperatorError with every reason why there is none. */
export function importConfig(file: string): string {
  const found = lookAt(DISK, file);
  if (found.kind === 'unusable') throw new OperatorError(found.why);
  if (found.kind !== 'file')
    throw new OperatorError(`${file}: no such file; give the config.pbtxt of a model`);
  const { settings, notes, problems, modelFile } = readTritonConfig(readFileSync(file, 'utf8'));
  if (problems.length > 0) {
    throw new OperatorError(problems.map((problem) => remarkText(file, problem)).join('\n'));
  }
  const comments = notes.map(noteText);
  if (modelFile !== undefined && modelFile !== MODEL_FILE) {
    comments.push(`'default_model_filename' has no setting: rename ${modelFile} to ${MODEL_FILE}`);
  }
  const isEmpty = Object.keys(settings).length === 0;
  const document = new Document(settings);
  visit(document, {
    Seq(_, list) {
      if (list.items.every(isScalar)) list.flow = true;
    },
  });
  const text = isEmpty ? '# Every setting has its default.\n' : document.toString({ lineWidth: 120 });
  return comments.map((comment) => `# ${comment}\n`).join('') + text;
}

function noteText({ at, text }: Remark): string {
  return `line ${at.line}: ${text}`;
}
