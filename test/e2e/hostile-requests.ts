import { gzipSync } from 'node:zlib';
import { rawRequest } from '../support/raw-http.ts';

/** A request that must be answered 4xx, and the expected message. */
export interface HostileRequest {
  readonly name: string;
  readonly bytes: Buffer;
  readonly tells: RegExp;
}

const INFER = '/v2/models/echo/infer';
const ROW = { name: 'x', shape: [1, 3], datatype: 'FP32', data: [1, 2, 3] };

/** More than two hundred invalid requests, malicious or accidental. */
export function hostileRequests(): HostileRequest[] {
  return [
    ...truncated(),
    ...wrongMembers(),
    ...wrongDatatypes(),
    ...wrongShapes(),
    ...wrongNumbers(),
    ...deepNesting(),
    ...wrongBinary(),
    ...wrongTargets(),
    ...lyingHeaders(),
    ...foreignAdmin(),
    ...wrongSimpleForm(),
  ];
}

function infer(name: string, request: unknown, tells: RegExp, headers = {}): HostileRequest {
  const body = typeof request === 'string' ? request : JSON.stringify(request);
  return { name, bytes: rawRequest('POST', INFER, body, headers), tells };
}

function withInput(change: object): object {
  return { inputs: [{ ...ROW, ...change }] };
}

function truncated(): HostileRequest[] {
  const whole = JSON.stringify({ id: 'a', inputs: [ROW] });
  return Array.from({ length: whole.length }, (_, length) =>
    infer(`JSON cut after ${length} characters`, whole.slice(0, length), /malformed JSON|body is empty/),
  );
}

function wrongMembers(): HostileRequest[] {
  const values = [null, 1, 'text', true, {}, [1], [null], ['x'], [[]]];
  return [
    ...values
      .filter((value) => !Array.isArray(value))
      .map((value) => infer(`inputs ${JSON.stringify(value)}`, { inputs: value }, /'inputs' is/)),
    ...values
      .filter(Array.isArray)
      .map((value) => infer(`inputs ${JSON.stringify(value)}`, { inputs: value }, /an entry of 'inputs' is/)),
    ...[1, true, {}, []].map((id) => infer(`id ${JSON.stringify(id)}`, { id, inputs: [ROW] }, /'id' is/)),
    ...[1, 'x', true, []].map((parameters) =>
      infer(`parameters ${JSON.stringify(parameters)}`, { parameters, inputs: [ROW] }, /'parameters' is/),
    ),
    ...['true', 1, {}, []].map((value) =>
      infer(
        `binary_data_output ${JSON.stringify(value)}`,
        { parameters: { binary_data_output: value }, inputs: [ROW] },
        /'binary_data_output' is .* wanted true or false/,
      ),
    ),
    ...['true', 1, {}, []].map((value) =>
      infer(
        `binary_data ${JSON.stringify(value)}`,
        { outputs: [{ name: 'y', parameters: { binary_data: value } }], inputs: [ROW] },
        /'binary_data' is .* wanted true or false/,
      ),
    ),
    infer(
      'shared memory of an output',
      { outputs: [{ name: 'y', parameters: { shared_memory_region: 'r' } }], inputs: [ROW] },
      /shared memory is not supported/,
    ),
    ...[-1, 1.5, 'soon', true].map((timeout) =>
      infer(`timeout ${timeout}`, { parameters: { timeout }, inputs: [ROW] }, /'timeout'.*microseconds/),
    ),
    ...['', 1, null, {}].map((name) =>
      infer(`input name ${JSON.stringify(name)}`, withInput({ name }), /name of an input/),
    ),
    infer('an unknown input', withInput({ name: 'z' }), /wanted \['x'\]/),
    infer('the same input twice', { inputs: [ROW, ROW] }, /already exists/),
    infer('no inputs', { inputs: [] }, /expected 1 inputs but got 0/),
    infer(
      'an unknown output',
      { inputs: [ROW], outputs: [{ name: 'z' }] },
      /unexpected inference output 'z'/,
    ),
    infer(
      'the same output twice',
      { inputs: [ROW], outputs: [{ name: 'y' }, { name: 'y' }] },
      /already exists/,
    ),
    infer('outputs that are no list', { inputs: [ROW], outputs: 1 }, /'outputs' is 1/),
    infer(
      'a classification',
      { inputs: [ROW], outputs: [{ name: 'y', parameters: { classification: 3 } }] },
      /classification/,
    ),
    infer(
      'shared memory',
      withInput({ data: undefined, parameters: { shared_memory_region: 'r' } }),
      /shared memory/,
    ),
    ...['[]', '1', '"text"', 'null', 'true'].map((body) =>
      infer(`the body ${body}`, body, /wanted a JSON object/),
    ),
    infer(
      'bytes that are not text',
      Buffer.from([0xff, 0xfe, 0x7b, 0x7d]).toString('latin1'),
      /malformed JSON/,
    ),
  ];
}

function wrongDatatypes(): HostileRequest[] {
  const unknown = ['FP31', 'float32', '', 'fp32', 1, null, {}, 'constructor', '__proto__', 'toString'];
  const others = ['INT32', 'INT64', 'UINT8', 'FP64'];
  return [
    ...unknown.map((datatype) =>
      infer(`datatype ${JSON.stringify(datatype)}`, withInput({ datatype }), /wanted one of BOOL/),
    ),
    ...others.map((datatype) => infer(`datatype ${datatype}`, withInput({ datatype }), /expects 'FP32'/)),
    ...['FP16', 'BF16'].map((datatype) =>
      infer(
        `${datatype} as JSON`,
        withInput({ datatype, data: [1, 2, 1e39] }),
        /element 2 is 1e\+39|data-type is/,
      ),
    ),
  ];
}

function wrongShapes(): HostileRequest[] {
  const unreadable = [null, 3, '1,3', {}, [-1, 3], [1.5, 2], ['1', 3], [null], [1e300], [[1, 3]]];
  const mismatched = [[1, 2], [1, 4], [3], [3, 3], [0, 3], [], [2, 2, 2]];
  const enormous = [
    [1e9, 1e9],
    [9007199254740991, 3],
    [4294967296, 4294967296],
    [1e15, 1e15, 1e15],
  ];
  return [
    ...unreadable.map((shape) => infer(`shape ${JSON.stringify(shape)}`, withInput({ shape }), /shape/)),
    ...mismatched.map((shape) => infer(`shape ${JSON.stringify(shape)}`, withInput({ shape }), /shape/)),
    ...enormous.map((shape) => infer(`shape ${JSON.stringify(shape)}`, withInput({ shape }), /shape/)),
    infer('rank 1 where 2 is wanted', withInput({ shape: [3] }), /Expected \[-1,-1\], got \[3\]/),
    infer(
      'more rows than a batch',
      withInput({ shape: [9, 1], data: new Array(9).fill(1) }),
      /batch-size must be <= 8/,
    ),
  ];
}

function wrongNumbers(): HostileRequest[] {
  const path = '/v2/models/fragile/infer';
  const order = (data: string, datatype = 'INT32') =>
    rawRequest(
      'POST',
      path,
      `{"inputs":[{"name":"order","shape":[1],"datatype":"${datatype}","data":[${data}]}]}`,
    );
  const integers = [
    'NaN',
    'Infinity',
    '-Infinity',
    '1.5',
    '1e10',
    '-2147483649',
    '2147483648',
    '"1"',
    'true',
    'null',
    '{}',
    '18446744073709551616',
  ];
  const floats = ['"1"', 'true', 'null', '{}', '"NaN"'];
  return [
    ...integers.map((text) => ({ name: `INT32 ${text}`, bytes: order(text), tells: /element 0 is/ })),
    ...floats.map((text) =>
      infer(
        `FP32 ${text}`,
        `{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[${text}]}]}`,
        /element 0 is/,
      ),
    ),
    ...['nan', 'inf', '+1', '01', '1.', '.5', '0x1', '1_000'].map((text) =>
      infer(
        `the token ${text}`,
        `{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[${text}]}]}`,
        /malformed JSON/,
      ),
    ),
    ...[null, 1, 'x', {}].map((data) =>
      infer(`data ${JSON.stringify(data)}`, withInput({ data }), /data is/),
    ),
  ];
}

function deepNesting(): HostileRequest[] {
  const nested = (depth: number) =>
    `{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":${'['.repeat(depth)}1${']'.repeat(depth)}}]}`;
  return [
    infer('data nested 101 deep', nested(101), /nesting depth/),
    infer('data nested 5 000 deep', nested(5_000), /nesting depth/),
    infer('a million arrays opened', '['.repeat(1_000_000), /nesting depth/),
    infer('a million arrays in an input', nested(1_000_000), /nesting depth/),
    infer('half a million objects opened', '{"a":'.repeat(500_000), /nesting depth/),
  ];
}

function wrongBinary(): HostileRequest[] {
  const send = (
    name: string,
    head: object,
    tail: Uint8Array,
    tells: RegExp,
    length?: string,
  ): HostileRequest => {
    const json = JSON.stringify(head);
    const body = Buffer.concat([Buffer.from(json), tail]);
    const headers = { 'inference-header-content-length': length ?? String(Buffer.byteLength(json)) };
    return { name, bytes: rawRequest('POST', INFER, body, headers), tells };
  };
  const binary = (size: unknown, more = {}) => ({
    inputs: [{ name: 'x', shape: [1, 3], datatype: 'FP32', parameters: { binary_data_size: size }, ...more }],
  });
  return [
    ...[-1, 1.5, '12', null, true, [], 1e300].map((size) =>
      send(
        `binary_data_size ${JSON.stringify(size)}`,
        binary(size),
        new Uint8Array(12),
        /binary_data_size|additional|data is/,
      ),
    ),
    send('fewer bytes than said', binary(12), new Uint8Array(8), /expecting 4 additional bytes/),
    send('more bytes than said', binary(12), new Uint8Array(16), /unexpected additional input data/),
    send('bytes that do not fit the shape', binary(8), new Uint8Array(8), /takes 12 bytes, got 8/),
    send('data and bytes', binary(12, { data: [1, 2, 3] }), new Uint8Array(12), /only one of/),
    ...['-1', '99999999999', 'abc', '1.5', '1e2', '', ' '].map((length) =>
      send(`header length '${length}'`, binary(12), new Uint8Array(12), /content-length/, length),
    ),
    send('a header that ends too soon', binary(12), new Uint8Array(12), /malformed JSON/, '10'),
    send(
      'a header of the maximum total length',
      binary(12),
      new Uint8Array(12),
      /malformed JSON/,
      String(JSON.stringify(binary(12)).length + 12),
    ),
    {
      name: 'raw bytes of no whole number',
      bytes: rawRequest('POST', INFER, new Uint8Array(7), { 'inference-header-content-length': '0' }),
      tells: /takes 4 bytes, got 7/,
    },
    {
      name: 'raw bytes for several inputs',
      bytes: rawRequest('POST', '/v2/models/brain-float/infer', new Uint8Array(8), {
        'inference-header-content-length': '0',
      }),
      tells: /only have 1 input/,
    },
  ];
}

function wrongTargets(): HostileRequest[] {
  const body = JSON.stringify({ inputs: [ROW] });
  const post = (path: string, tells: RegExp): HostileRequest => ({
    name: `POST ${path.slice(0, 60)}`,
    bytes: rawRequest('POST', path, body),
    tells,
  });
  const call = (method: string, path: string, tells: RegExp): HostileRequest => ({
    name: `${method} ${path}`,
    bytes: rawRequest(method, path, ''),
    tells,
  });
  return [
    ...[
      'nope',
      'ECHO',
      'echo%20',
      '..',
      '%2e%2e',
      '..%2f..%2fetc%2fpasswd',
      '%00',
      '__proto__',
      'constructor',
      'a'.repeat(2000),
    ].map((model) => post(`/v2/models/${model}/infer`, /unknown model|Not Found/)),
    ...['2', '99', '0', 'x', '-1', '1.0', '1e0', '%31%31', '99999999999999999999'].map((version) =>
      post(`/v2/models/echo/versions/${version}/infer`, /version/),
    ),
    post('/v2/models/echo/infer/more', /Not Found/),
    post('/v2/models/echo/explain', /Not Found/),
    post('/v2/models//infer', /Not Found/),
    post('/v2/models/%/infer', /percent-encoding/),
    post('/v2/models/%zz/infer', /percent-encoding/),
    post('/etc/passwd', /Not Found/),
    post('/../../etc/passwd', /Not Found/),
    ...['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'].map((method) => call(method, INFER, /wanted POST/)),
    ...['POST', 'DELETE'].map((method) => call(method, '/v2/models/echo', /wanted GET/)),
    call('POST', '/health/live', /wanted GET/),
    call('POST', '/v2', /wanted GET/),
    call('GET', '/health/nothing', /Not Found/),
  ];
}

function lyingHeaders(): HostileRequest[] {
  const body = JSON.stringify({ inputs: [ROW] });
  const text = (name: string, request: string, tells: RegExp): HostileRequest => ({
    name,
    bytes: Buffer.from(request),
    tells,
  });
  return [
    infer('an unknown encoding', body, /wanted gzip, deflate or identity/, { 'content-encoding': 'br' }),
    infer('gzip that is none', body, /not valid gzip data/, { 'content-encoding': 'gzip' }),
    infer('deflate that is none', body, /not valid deflate data/, { 'content-encoding': 'deflate' }),
    {
      name: 'gzip cut short',
      bytes: rawRequest('POST', INFER, gzipSync(body).subarray(0, 20), { 'content-encoding': 'gzip' }),
      tells: /not valid gzip data/,
    },
    {
      name: 'a body too large by its header',
      bytes: rawRequest('POST', INFER, body, { 'content-length': '99999999999' }),
      tells: /exceeds the maximum/,
    },
    {
      name: 'a bomb: small, but large once decoded',
      bytes: rawRequest('POST', INFER, gzipSync(Buffer.alloc(30_000_000)), { 'content-encoding': 'gzip' }),
      tells: /exceeds the maximum/,
    },
    text(
      'two lengths',
      `POST ${INFER} HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!`,
      /not a valid HTTP request/,
    ),
    text(
      'a negative length',
      `POST ${INFER} HTTP/1.1\r\nhost: a\r\ncontent-length: -5\r\n\r\n`,
      /not a valid HTTP request/,
    ),
    text(
      'length and chunks',
      `POST ${INFER} HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      /not a valid HTTP request/,
    ),
    text(
      'an invalid chunk size',
      `POST ${INFER} HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n`,
      /./,
    ),
    text('no HTTP at all', 'hello\r\n\r\n', /not a valid HTTP request/),
    text(
      'TLS on a plain port',
      '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n',
      /not a valid HTTP request/,
    ),
    text(
      'headers over the limit',
      `GET / HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(30_000)}`,
      /headers are larger/,
    ),
    text(
      'a header with a line break in it',
      'GET /v2 HTTP/1.1\r\nhost: a\r\nx: a\rb\r\n\r\n',
      /not a valid HTTP request/,
    ),
  ];
}

function foreignAdmin(): HostileRequest[] {
  const call = (name: string, headers: Record<string, string>): HostileRequest => ({
    name: `admin: ${name}`,
    bytes: rawRequest('GET', '/admin/models', '', headers),
    tells: /admin API/,
  });
  return [
    ...[
      'https://evil.example',
      'http://evil.example:8000',
      'null',
      'http://127.0.0.1.evil.example',
      'file://',
    ].map((origin) => call(`origin ${origin}`, { origin })),
    ...['evil.example', 'evil.example:8000', '10.0.0.1', '127.0.0.1.evil.example', ''].map((host) =>
      call(`host '${host}'`, { host }),
    ),
    {
      name: 'admin: a path spelt otherwise',
      bytes: rawRequest('GET', '/%61dmin/models', '', { host: 'evil.example' }),
      tells: /admin API/,
    },
    {
      name: 'admin: a model that is not there',
      bytes: rawRequest('GET', '/admin/models/nope', ''),
      tells: /unknown model/,
    },
    {
      name: 'admin: a path that is not there',
      bytes: rawRequest('POST', '/admin/shutdown', ''),
      tells: /Not Found/,
    },
  ];
}

function wrongSimpleForm(): HostileRequest[] {
  const predict = (model: string, body: string, tells: RegExp): HostileRequest => ({
    name: `predict ${model} ${body.slice(0, 40)}`,
    bytes: rawRequest('POST', `/v1/models/${model}:predict`, body),
    tells,
  });
  return [
    ...['{}', '{"instances": []}', '{"instances": 1}', '{"instances": {}}', '{"instances": null}'].map(
      (body) => predict('echo', body, /"instances": \[/),
    ),
    predict('echo', '{"instances": [{"z": 1}]}', /instance 0 has no 'x'/),
    predict('echo', '{"instances": [[1, 2], [3]]}', /elements/),
    predict('echo', '{"instances": [["a"]]}', /element 0/),
    predict('brain-float', '{"instances": [1]}', /must be an object/),
    predict('nope', '{"instances": [1]}', /unknown model/),
    predict('slow', '{"instances": [', /malformed JSON/),
  ];
}
