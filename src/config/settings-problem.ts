import { OperatorError } from '../base/errors.ts';

/** Invalid settings, with all problems. */
export class SettingsError extends OperatorError {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}
