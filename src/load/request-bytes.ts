/** Where the requests of a run go. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** One HTTP request before it becomes bytes; `host` and `content-length` are added when it does. */
export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Buffer | undefined;
}

/** Done once per request of the rotation, so that sending one costs a single write and no thought. */
export function requestBytes(request: LoadRequest, target: Target): Buffer {
  const { method, path, headers = {}, body } = request;
  if (!/^[A-Z]+$/.test(method)) throw new Error(`not an HTTP method: ${JSON.stringify(method)}`);
  // An answer to HEAD announces a body that never comes, and after CONNECT there are no answers any more:
  // an answer could not be read without knowing what it answers.
  if (method === 'HEAD' || method === 'CONNECT')
    throw new Error(`a load cannot be made of ${method} requests`);
  if (!/^[\x21-\x7e]+$/.test(path)) throw new Error(`not a request path: ${JSON.stringify(path)}`);

  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const lines = [`${method} ${path} HTTP/1.1`];
  if (!names.includes('host')) lines.push(`host: ${hostHeader(target)}`);
  for (const [name, value] of Object.entries(headers)) lines.push(headerLine(name, value));
  if (body !== undefined) lines.push(`content-length: ${body.length}`);

  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return body === undefined ? head : Buffer.concat([head, body]);
}

function headerLine(name: string, value: string): string {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name)) throw new Error(`not a header name: ${JSON.stringify(name)}`);
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw new Error(`not a value for the header ${name}`);
  if (/^(content-length|transfer-encoding)$/i.test(name)) throw new Error(`${name} follows from the body`);
  return `${name}: ${value}`;
}

function hostHeader({ host, port }: Target): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
