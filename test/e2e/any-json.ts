import fc from 'fast-check';
import { writeExactJson } from '../../src/tensor/exact-json.ts';

/** A request as bytes: mostly valid, with arbitrary values at some places. */
export interface Drawn {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

type Json = fc.Arbitrary<unknown>;

/** Any JSON, plus what some clients write: long integers, bare NaN and infinities. */
const anything: Json = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 1.5, '', 'text', [], {}, [[]], [null]),
  },
  fc.constantFrom<unknown>(
    2n ** 64n,
    -(2n ** 70n),
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -0,
    1e39,
    1e308,
    65520,
    2 ** 53,
  ),
  fc.constantFrom<unknown>(
    { b64: 'AAEC' },
    { b64: 1 },
    { b64: '?' },
    [[1, 2], [3]],
    [[[]], []],
    '__proto__',
    'constructor',
  ),
  fc.double(),
  fc.string({ unit: 'binary', maxLength: 6 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Mostly valid. */
function mostly(right: Json, more = 40): Json {
  return fc.oneof({ weight: more, arbitrary: right }, { weight: 1, arbitrary: anything });
}

/** Mostly absent. */
function seldom<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight: 30, arbitrary: fc.constant(undefined) }, arbitrary);
}

/** An object of these members, sometimes with one missing or one extra. */
function objectOf(members: Readonly<Record<string, Json>>): Json {
  const names = Object.keys(members);
  return mostly(
    fc
      .tuple(
        fc.record(members),
        seldom(fc.constantFrom(...names)),
        seldom(fc.tuple(fc.string({ maxLength: 4 }), anything)),
      )
      .map(([object, dropped, extra]) => {
        const entries = Object.entries(object).filter(([name]) => name !== dropped);
        return Object.fromEntries(extra === undefined ? entries : [...entries, extra]);
      }),
    20,
  );
}

const DATATYPES = ['FP32', 'FP16', 'BF16', 'FP64', 'UINT8', 'INT64', 'BOOL', 'BYTES'];
const shape = mostly(
  fc.constantFrom<unknown>([1, 2], [2, 2], [1], [1, 1], [2], [], [0, 2], [1, -1], [2 ** 40, 2 ** 40]),
);
const data = mostly(
  fc.constantFrom<unknown>(
    [1, 2],
    [[1, 2]],
    [
      [1, 2],
      [3, 4],
    ],
    [1, 2, 3, 4],
    [1],
    [true],
    ['a'],
    [['a']],
    [[1], [2]],
    [],
  ),
);
const parameters = objectOf({
  timeout: mostly(fc.constantFrom<unknown>(0, 10_000_000, 2n ** 64n)),
  priority: mostly(fc.constantFrom<unknown>(0, 1, 5)),
  binary_data_output: mostly(fc.boolean()),
  triton_enable_empty_final_response: anything,
  mine: anything,
});
const inputParameters = objectOf({
  binary_data_size: mostly(fc.constantFrom<unknown>(null, null, null, 8, 0, 1)),
  shared_memory_region: mostly(fc.constant(null)),
});

function inputOf(name: string, datatype: string, rightShape: unknown, rightData: unknown): Json {
  return objectOf({
    name: mostly(fc.constant(name)),
    datatype: mostly(
      fc.oneof({ weight: 40, arbitrary: fc.constant(datatype) }, fc.constantFrom(...DATATYPES)),
      20,
    ),
    shape: fc.oneof({ weight: 30, arbitrary: fc.constant(rightShape) }, shape),
    data: fc.oneof({ weight: 30, arbitrary: fc.constant(rightData) }, data),
    parameters: fc.oneof({ weight: 30, arbitrary: fc.constant(undefined) }, inputParameters),
  });
}

/** The inputs of each model. */
const INPUTS = {
  echo: [inputOf('x', 'FP32', [1, 2], [1, 2])],
  'many-kinds': [
    inputOf('float', 'FP32', [1, 2], [[1, 2]]),
    inputOf('half', 'FP16', [1, 1], [1.5]),
    inputOf('small', 'UINT8', [1], [255]),
    inputOf('big', 'INT64', [1], [2n ** 63n - 1n]),
    inputOf('flag', 'BOOL', [1], [true]),
    inputOf('text', 'BYTES', [1, 1], ['a']),
  ],
} as const;
const OUTPUTS = { echo: ['y', 'parameters'], 'many-kinds': ['float', 'half', 'text'] } as const;

type Model = keyof typeof INPUTS;
const models = fc.constantFrom<Model>('echo', 'many-kinds');

function inferBody(model: Model): Json {
  const output = objectOf({
    name: mostly(fc.constantFrom(...OUTPUTS[model])),
    parameters: objectOf({
      binary_data: mostly(fc.boolean()),
      classification: mostly(fc.constant(null)),
    }),
  });
  return objectOf({
    id: mostly(fc.constantFrom('', 'a')),
    inputs: mostly(fc.tuple(...(INPUTS[model] as readonly Json[]))),
    outputs: mostly(fc.oneof(fc.constant(null), fc.array(output, { maxLength: 2 }))),
    parameters: mostly(fc.oneof(fc.constant(null), parameters)),
  });
}

/** Inputs and outputs as bytes. */
function binaryBody(): Json {
  const input = objectOf({
    name: mostly(fc.constant('x')),
    datatype: mostly(fc.constant('FP32')),
    shape: mostly(fc.constant([1, 2])),
    parameters: objectOf({ binary_data_size: mostly(fc.constant(8)) }),
  });
  return objectOf({ inputs: fc.tuple(input), parameters });
}

function predictBody(model: Model): Json {
  const values = {
    echo: { x: data },
    'many-kinds': {
      float: fc.oneof(fc.constant([1, 2]), data),
      half: fc.oneof(fc.constant([1.5]), data),
      small: mostly(fc.constant(7)),
      big: mostly(fc.constant(-(2n ** 63n))),
      flag: mostly(fc.boolean()),
      text: mostly(fc.constantFrom<unknown>('a', ['a'], { b64: 'AAEC' })),
    },
  }[model];
  const instance = model === 'echo' ? fc.oneof(objectOf(values), data) : objectOf(values);
  const rows = mostly(fc.array(instance, { minLength: 1, maxLength: 3 }));
  const columns = objectOf(values);
  return fc.oneof(
    {
      weight: 4,
      arbitrary: objectOf({ instances: rows, parameters: mostly(fc.oneof(fc.constant(null), parameters)) }),
    },
    { weight: 2, arbitrary: objectOf({ inputs: columns, signature_name: anything }) },
    objectOf({ instances: rows, inputs: columns }),
  );
}

/** A request whose body names the model. None of the models makes embeddings. */
function embeddingsBody(model: Model): Json {
  return objectOf({
    model: mostly(fc.constantFrom<unknown>(model, `${model}/1`, `${model}/2`, 'none', '/')),
    input: mostly(fc.oneof(fc.string(), fc.array(fc.string()), fc.array(anything))),
    encoding_format: mostly(fc.constantFrom('float', 'base64')),
    dimensions: mostly(fc.nat()),
  });
}

/** JSON text, sometimes truncated or with invalid bytes. */
const damages = fc.oneof(
  { weight: 40, arbitrary: fc.constant((text: Buffer) => text) },
  fc.nat().map((cut) => (text: Buffer) => text.subarray(0, cut % (text.byteLength + 1))),
  fc.tuple(fc.nat(), fc.nat({ max: 255 })).map(([at, byte]) => (text: Buffer) => {
    text[at % Math.max(1, text.byteLength)] = byte;
    return text;
  }),
);
type Form = 'infer' | 'predict' | 'binary' | 'embeddings';
const tail = fc.record({
  bytes: fc.oneof(
    { weight: 10, arbitrary: fc.uint8Array({ minLength: 8, maxLength: 8 }) },
    fc.uint8Array({ maxLength: 16 }),
  ),
  off: fc.oneof({ weight: 10, arbitrary: fc.constant(0) }, fc.constantFrom(-1, 1, 1000)),
});
const binaryTails = fc.oneof({ weight: 20, arbitrary: tail }, fc.constant(undefined));
const tails = seldom(tail);
const headers = fc.record(
  {
    'x-galley-explain': fc.constantFrom('1', '0', 'x'),
    'x-request-timeout-ms': fc.constantFrom('10000', '0', '-1', 'soon', '1e9'),
    'accept-encoding': fc.constantFrom('gzip', 'br;q=x, *', ''),
    'content-encoding': fc.constantFrom('identity', 'identity', 'identity', 'gzip', 'br'),
    'content-type': fc.constantFrom('application/json', 'text/plain', 'x'),
    'x-galley-tenant': fc.constantFrom('a', '\xe4'),
  },
  { requiredKeys: [] },
);

function pathOf(model: Model, form: 'infer' | 'predict' | 'embeddings'): fc.Arbitrary<string> {
  if (form === 'embeddings') return fc.constantFrom('/v1/embeddings', '/v1/embeddings/?a=%');
  const [root, verb] = form === 'infer' ? ['/v2/models/', '/infer'] : ['/v1/models/', ':predict'];
  return fc.oneof(
    { weight: 20, arbitrary: fc.constant(`${root}${model}${verb}`) },
    { weight: 4, arbitrary: fc.constant(`${root}${model}/versions/1${verb}`) },
    { weight: 2, arbitrary: fc.constant(`http://example.com${root}${model}${verb}?a=%`) },
    fc.constantFrom(
      `${root}${model}/versions/2${verb}`,
      `${root}${model}/versions/x${verb}`,
      `${root}%zz${verb}`,
    ),
    fc.webPath().map((path) => `${root}${path.slice(1)}${verb}`),
  );
}

/** A request to one of the models, in one of the forms. */
export const anyRequest: fc.Arbitrary<Drawn> = fc
  .tuple(models, fc.constantFrom<Form>('infer', 'infer', 'predict', 'predict', 'binary', 'embeddings'))
  .chain(([model, form]) =>
    fc.record({
      path: pathOf(form === 'binary' ? 'echo' : model, form === 'binary' ? 'infer' : form),
      json: { infer: inferBody, predict: predictBody, binary: binaryBody, embeddings: embeddingsBody }[form](
        model,
      ),
      headers: fc.oneof({ weight: 5, arbitrary: fc.constant({}) }, headers),
      method: fc.oneof(
        { weight: 40, arbitrary: fc.constant('POST') },
        fc.constantFrom('GET', 'PUT', 'DELETE'),
      ),
      damage: damages,
      tail: form === 'binary' ? binaryTails : tails,
    }),
  )
  .map(({ path, json, headers: given, method, damage, tail }) => {
    const text = damage(Buffer.from(writeExactJson(json)));
    if (tail === undefined) return { method, path, headers: given, body: text };
    const length = String(Math.max(0, text.byteLength + tail.off));
    return {
      method,
      path,
      headers: { ...given, 'inference-header-content-length': length },
      body: Buffer.concat([text, tail.bytes]),
    };
  });
