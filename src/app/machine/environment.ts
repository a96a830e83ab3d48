/** Settings from the environment: they override the file, and flags override them. */
export function settingsFromEnvironment(env: NodeJS.ProcessEnv): Record<string, unknown> {
  const { GALLEY_HOST, GALLEY_PORT, GALLEY_LOG_LEVEL } = env;
  return {
    host: GALLEY_HOST,
    // A text that is not a number is passed on, so that the schema reports it.
    port: GALLEY_PORT === undefined || GALLEY_PORT === '' ? undefined : numberIfOne(GALLEY_PORT),
    log: { level: GALLEY_LOG_LEVEL },
  };
}

function numberIfOne(text: string): number | string {
  const number = Number(text);
  return Number.isNaN(number) ? text : number;
}
