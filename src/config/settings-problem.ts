import { OperatorError } from '../base/errors.ts';

/** Settings that cannot be used, with every reason at once. */
export class SettingsError extends OperatorError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}
