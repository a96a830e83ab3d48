import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeBytesElements } from '../../tensor/bytes-elements.ts';
import { DATATYPE_NAMES, type Datatype, elementBytes } from '../../tensor/datatype.ts';
import { parseExactJson } from '../../tensor/exact-json.ts';
import { readJsonData, writeJsonData } from '../../tensor/json-codec.ts';
import { flatten, type Segments, segmentsOf } from '../../tensor/segments.ts';
import { elementCount, type Tensor } from '../../tensor/tensor.ts';
import { negotiateEncoding } from '../http/content-encoding.ts';
import { headerJson } from '../http/header-text.ts';
import { parseRoute } from '../http/route.ts';
import { parseOipHead } from '../oip/oip-head.ts';
import { OipHeadCache } from '../oip/oip-head-cache.ts';
import { readOipRequest } from '../oip/oip-request.ts';
import { writeOipAnswer } from '../oip/oip-response.ts';
import { readPredictRequest, writePredictAnswer } from '../simple/simple-codec.ts';

interface Part {
  readonly tensor: Tensor;
  readonly isBinary: boolean;
}

const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 });
const parts: fc.Arbitrary<Part[]> = fc
  .array(fc.tuple(fc.constantFrom(...DATATYPE_NAMES), shapes, fc.nat({ max: 120 }), fc.boolean()), {
    minLength: 1,
    maxLength: 4,
  })
  .map((specs) =>
    specs.map(([datatype, shape, fill, isBinary], index) => ({
      tensor: { name: `t${index}`, datatype, shape, data: dataOf(datatype, shape, fill) },
      isBinary,
    })),
  );

/** The bytes of small whole numbers in every datatype, and of text in BYTES. */
function dataOf(datatype: Datatype, shape: readonly number[], fill: number): Segments {
  const count = elementCount(shape);
  if (datatype === 'BYTES') {
    return encodeBytesElements(Array.from({ length: count }, (_, index) => Buffer.from(`ä${fill + index}`)));
  }
  const bytes = new Uint8Array(count * elementBytes(datatype));
  for (let at = 0; at < bytes.length; at += elementBytes(datatype))
    bytes[at] = datatype === 'BOOL' ? fill % 2 : fill;
  return segmentsOf(bytes);
}

function bodyOf(given: readonly Part[], more: object): { body: Segments; jsonBytes: number } {
  const inputs = given.map(({ tensor: { name, datatype, shape, data }, isBinary }) => {
    const form = isBinary
      ? `"parameters":{"binary_data_size":${data.byteLength}}`
      : `"data":${writeJsonData({ name, datatype, shape, data })}`;
    return `{"name":"${name}","datatype":"${datatype}","shape":[${shape.join(',')}],${form}}`;
  });
  const json = Buffer.from(
    `${JSON.stringify(more).slice(0, -1)}${Object.keys(more).length > 0 ? ',' : ''}"inputs":[${inputs.join(',')}]}`,
  );
  const tails = given.filter(({ isBinary }) => isBinary).flatMap(({ tensor }) => tensor.data.chunks);
  return { body: segmentsOf(json, ...tails), jsonBytes: json.byteLength };
}

test('a request is read to the tensors it was made of, JSON and bytes mixed, parsed or cached', () => {
  const cache = new OipHeadCache();
  fc.assert(
    fc.property(parts, fc.constantFrom('', 'a "quoted" id'), (given, id) => {
      const { body, jsonBytes } = bodyOf(given, id === '' ? {} : { id });
      for (const readHead of [parseOipHead, cache.read, cache.read]) {
        const { request } = readOipRequest({ model: 'm' }, body, jsonBytes, readHead);
        assert.equal(request.id, id);
        assert.deepEqual(
          request.inputs.map(({ name, datatype, shape, data }) => [
            name,
            datatype,
            shape,
            [...flatten(data)],
          ]),
          given.map(({ tensor: { name, datatype, shape, data } }) => [
            name,
            datatype,
            shape,
            [...flatten(data)],
          ]),
        );
      }
    }),
  );
});

test('an answer can be read back, and its bytes are the original ones', () => {
  fc.assert(
    fc.property(parts, (given) => {
      const answer = writeOipAnswer({ id: 'x', model: 'm', version: '3' }, given);
      const bytes = Buffer.concat(answer.chunks);
      const jsonBytes = answer.jsonBytes ?? bytes.byteLength;
      const json = parseExactJson(bytes.toString('utf8', 0, jsonBytes)) as {
        model_version: string;
        outputs: { name: string; parameters?: { binary_data_size: number }; data?: unknown }[];
      };
      assert.equal(json.model_version, '3');
      let at = jsonBytes;
      json.outputs.forEach(({ name, parameters, data }, index) => {
        const { tensor } = given[index] as Part;
        const size = parameters?.binary_data_size;
        const read =
          size === undefined
            ? readJsonData(name, tensor.datatype, tensor.shape, data)
            : segmentsOf(bytes.subarray(at, at + size));
        at += size ?? 0;
        assert.deepEqual([...flatten(read)], [...flatten(tensor.data)]);
      });
      assert.equal(at, bytes.byteLength);
    }),
  );
});

test('the cache keeps heads without data and id only, and a limited number of them', () => {
  let parsed = 0;
  const cache = new OipHeadCache();
  const read = (text: string) => {
    const body = segmentsOf(Buffer.from(text));
    const before = cache.read(body, body.byteLength);
    parsed += before === cache.read(body, body.byteLength) ? 0 : 1;
  };
  read('{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}');
  assert.equal(parsed, 0);
  read('{"inputs":[{"name":"x","datatype":"FP32","shape":[1],"data":[1]}]}');
  read(
    '{"id":"1","inputs":[{"name":"x","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}',
  );
  assert.equal(parsed, 2);
});

test('in any order of heads of equal length, in one chunk or several, each is read as itself', () => {
  const head = (name: string) =>
    Buffer.from(
      `{"inputs":[{"name":"${name}","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}]}`,
    );
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('x', 'y'), fc.boolean()), { maxLength: 20 }), (reads) => {
      const cache = new OipHeadCache();
      for (const [name, isCut] of reads) {
        const bytes = Buffer.concat([head(name), Buffer.alloc(4)]);
        const body = isCut ? segmentsOf(bytes.subarray(0, 12), bytes.subarray(12)) : segmentsOf(bytes);
        assert.equal(cache.read(body, bytes.byteLength - 4).inputs[0]?.name, name);
      }
    }),
  );
});

test('the simple form can be written and read back, for one input and for several', () => {
  const x = { name: 'x', datatype: 'FP32', shape: [-1, 2] } as const;
  const y = { name: 'y', datatype: 'BOOL', shape: [-1] } as const;
  const one = { platform: '', inputs: [x], outputs: [x], readsParameters: false };
  const two = { ...one, inputs: [x, y] };
  const read = (metadata: typeof two | typeof one, text: string) =>
    readPredictRequest({ model: 'm', metadata }, true, segmentsOf(Buffer.from(text))).request.inputs;
  const layout = { by: 'row', rows: 2 } as const;
  const rows = read(one, '{"instances":[[1,2],[3,4]]}');
  assert.equal(writePredictAnswer(rows, true, layout).toString(), '{"predictions":[[1,2],[3,4]]}');
  const named = read(two, '{"instances":[{"x":[1,2],"y":true},{"x":[3,4],"y":false}]}');
  assert.equal(
    writePredictAnswer(named, true, layout).toString(),
    '{"predictions":[{"x":[1,2],"y":true},{"x":[3,4],"y":false}]}',
  );
});

test('paths are routed to their handlers', () => {
  const route = (url: string) => JSON.stringify(parseRoute(url));
  assert.equal(route('/v2/models/a%20b/infer?x=1'), '{"kind":"infer","model":"a b"}');
  assert.equal(route('/v2/models/m/versions/3/ready/'), '{"kind":"model ready","model":"m","version":"3"}');
  assert.equal(route('/v1/models/m/versions/3:predict'), '{"kind":"predict","model":"m","version":"3"}');
  assert.equal(parseRoute('/v2/models/%/infer').kind, 'bad path');
  assert.equal(parseRoute('/v2/models/m/versions/x/infer').kind, 'bad version');
  assert.equal(parseRoute('/somewhere').kind, 'other');
  for (const [path, kind] of [
    ['/', 'alive'],
    ['/v1/models/m', 'simple ready'],
    ['/v1/models/m/versions/2', 'simple ready'],
    ['/v1/models/m/versions/x', 'bad version'],
    ['/v1/models/m/versions', 'other'],
    ['/v2/models/m/config', 'model configuration'],
    ['/v2/models/m/versions/2/config', 'model configuration'],
    ['/v2/models/m/versions/2/stats', 'model statistics'],
    ['/v2/models/stats', 'all statistics'],
    ['/v2/models/stats/stats', 'model statistics'],
    ['/v2/models/stats/infer', 'infer'],
    ['/v2/models/stats/ready', 'model ready'],
    ['/v2/models/m/constructor', 'other'],
    ['/v2/models/m/generate', 'generate'],
    ['/v2/models/m/versions/1/generate_stream', 'generate stream'],
    ['/v2/models/m/infer_stream', 'not offered'],
    ['/v2/models/m/trace/setting', 'not offered'],
    ['/v2/models/m/trace', 'other'],
    ['/v2/trace/setting', 'not offered'],
    ['/v2/logging', 'not offered'],
    ['/v2/logging/more', 'other'],
    ['/v2/repository/index', 'repository index'],
    ['/v2/repository/mine/index', 'not offered'],
    ['/v2/repository/models/m/load', 'repository control'],
    ['/v2/models/m/labels/stable/infer', 'infer'],
    ['/v2/models/m/labels', 'bad version'],
    ['/v2/repository/mine/models/m/unload', 'not offered'],
    ['/v2/repository/models/load', 'other'],
    ['/v2/repository', 'other'],
    ['/v2/systemsharedmemory/status', 'regions'],
    ['/v2/cudasharedmemory/region/r/status', 'regions'],
    ['/v2/systemsharedmemory/unregister', 'forget regions'],
    ['/v2/cudasharedmemory/region/r/unregister', 'forget regions'],
    ['/v2/cudasharedmemory/region/r/register', 'not offered'],
    ['/v2/cudasharedmemory', 'other'],
  ] as const) {
    assert.equal(parseRoute(path).kind, kind, path);
  }
});

test('characters that a header cannot contain are escaped, and read back unchanged', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const header = headerJson({ text });
      assert.match(header, /^[ -~]*$/);
      assert.deepEqual(JSON.parse(header), { text });
    }),
  );
});

for (const [accept, encoding] of [
  ['gzip', 'gzip'],
  ['deflate, gzip', 'deflate'],
  ['deflate;q=0.5, gzip;q=0.8', 'gzip'],
  ['br', 'identity'],
  ['gzip;q=0', 'identity'],
  ['gzip;q=x', 'identity'],
  ['', 'identity'],
] as const) {
  test(`Accept-Encoding '${accept}' gets ${encoding}`, () => {
    assert.equal(negotiateEncoding(accept), encoding);
  });
}
