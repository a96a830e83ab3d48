/** Options of a request. */
export interface Asking {
  readonly headers?: Readonly<Record<string, string>>;
  readonly parameters?: object;
  readonly id?: string;
  readonly signal?: AbortSignal;
}

/** A complete answer. */
export interface Asked {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The reason code of a refusal. */
  readonly reason: string | undefined;
  readonly error: string | undefined;
  /** The data of the output. */
  output(name: string): readonly unknown[] | undefined;
}

interface Body {
  readonly reason?: string;
  readonly error?: string;
  readonly outputs?: readonly { readonly name: string; readonly data: readonly unknown[] }[];
}

/** Sends a request to a model with one list of numbers as input. */
export async function ask(
  url: string,
  model: string,
  input: { readonly name: string; readonly datatype: string; readonly data: readonly number[] },
  { headers = {}, parameters = {}, ...more }: Asking = {},
): Promise<Asked> {
  // A missing answer must fail the test instead of blocking it.
  const { id, signal = AbortSignal.timeout(20_000) } = more;
  const response = await fetch(`${url}/v2/models/${model}/infer`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ id, parameters, inputs: [{ ...input, shape: [input.data.length] }] }),
    signal,
  });
  const text = await response.text();
  const body = JSON.parse(text) as Body;
  return {
    ...{ status: response.status, headers: response.headers, text, reason: body.reason, error: body.error },
    output: (name) => body.outputs?.find((output) => output.name === name)?.data,
  };
}

/** Sends a request to a held model. */
export async function askHeld(
  url: string,
  model: string,
  order: number | readonly number[],
  asking?: Asking,
): Promise<Asked> {
  const data = typeof order === 'number' ? [order] : order;
  return ask(url, model, { name: 'order', datatype: 'INT32', data }, asking);
}

/** The value of a metric for a model: the sum over all series with these labels. */
export async function metricOf(
  url: string,
  model: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const wanted = Object.entries({ model, ...labels }).map(([label, value]) => `${label}="${value}"`);
  return sumOf(url, name, (line) => wanted.every((label) => line.includes(label)));
}

/** The sum of a metric over all its series, or over those that match a pattern. */
export async function metric(url: string, name: string, labels = /^/): Promise<number> {
  return sumOf(url, name, (line) => labels.test(line));
}

async function sumOf(url: string, name: string, isWanted: (line: string) => boolean): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => (line.startsWith(`${name}{`) || line.startsWith(`${name} `)) && isWanted(line))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}
