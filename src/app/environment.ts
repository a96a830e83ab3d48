/** Settings that the environment overrides, between the flags and the file. */
export function settingsFromEnvironment(env: NodeJS.ProcessEnv): Record<string, unknown> {
  const { GALLEY_HOST, GALLEY_PORT, GALLEY_LOG_LEVEL } = env;
  return {
    host: GALLEY_HOST,
    // A number if it is one; what is not goes on as it is, so that the schema can say what was wanted.
    port: GALLEY_PORT === undefined || GALLEY_PORT === '' ? undefined : numberIfOne(GALLEY_PORT),
    log: { level: GALLEY_LOG_LEVEL },
  };
}

function numberIfOne(text: string): number | string {
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}
