/** The server of a run. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/** An HTTP request to serialise; `host` and `content-length` are added. */
export interface LoadRequest {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: Buffer | undefined;
}

/** Serialises a request once per rotation entry, so that sending it is a single write. */
export function requestBytes(request: LoadRequest, target: Target): Buffer {
  const { method, path, headers = {}, body } = request;
  if (!/^[A-Z]+$/.test(method))
    throw new Error(`method is ${JSON.stringify(method)}, wanted an HTTP method in capital letters`);
  // An answer to HEAD announces a body that does not follow, and CONNECT ends HTTP on the connection, so the parser would
  // need the request to read the answer.
  if (method === 'HEAD' || method === 'CONNECT')
    throw new Error(
      `method is ${method}, wanted a method whose answer does not depend on the request: HEAD and CONNECT are not supported`,
    );
  if (!/^[\x21-\x7e]+$/.test(path))
    throw new Error(`path is ${JSON.stringify(path)}, wanted printable ASCII without spaces`);

  const names = Object.keys(headers).map((name) => name.toLowerCase());
  const lines = [`${method} ${path} HTTP/1.1`];
  if (!names.includes('host')) lines.push(`host: ${hostHeader(target)}`);
  for (const [name, value] of Object.entries(headers)) lines.push(headerLine(name, value));
  if (body !== undefined) lines.push(`content-length: ${body.length}`);

  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  return body === undefined ? head : Buffer.concat([head, body]);
}

function headerLine(name: string, value: string): string {
  if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name))
    throw new Error(`${JSON.stringify(name)} is not a valid header name`);
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value))
    throw new Error(`the value of the header ${name} contains invalid characters`);
  if (/^(content-length|transfer-encoding)$/i.test(name))
    throw new Error(`the header ${name} cannot be set: it is computed from the body`);
  return `${name}: ${value}`;
}

function hostHeader({ host, port }: Target): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
