import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Progress, ResponseParser } from './response-parser.ts';

interface Reading {
  readonly progress: Progress;
  readonly status?: number;
  readonly isReusable?: boolean;
  readonly body?: string;
}

/** Feeds the chunks through one buffer that is overwritten each time, like a connection. */
function read(pieces: readonly Buffer[], parser = new ResponseParser(() => true)): Reading {
  const buffer = Buffer.alloc(Math.max(0, ...pieces.map((piece) => piece.length)), '\r\n');
  let progress: Progress = 'partial';
  for (const piece of pieces) {
    piece.copy(buffer);
    progress = parser.feed(buffer, piece.length);
  }
  if (progress === 'partial' && parser.endsWithConnection) progress = 'complete';
  if (progress !== 'complete') return { progress };
  const { status, isReusable, body } = parser;
  return { progress, status, isReusable, body: body?.toString('latin1') ?? '' };
}

function readText(text: string): Reading {
  return read([Buffer.from(text, 'latin1')]);
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((place, index) => bytes.subarray(places[index], place));
}

const chunked = (body: string, size: number, extension: string, trailer: string) => {
  const chunks = body.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
  const lines = chunks.map((chunk) => `${chunk.length.toString(16)}${extension}\r\n${chunk}\r\n`);
  return `${lines.join('')}0\r\n${trailer}\r\n`;
};

const bodies = fc.stringMatching(/^[\r\n0-9a-z;]*$/, { maxLength: 300 });

const answers = fc
  .record({
    status: fc.constantFrom(200, 202, 400, 404, 500, 503),
    body: bodies,
    framing: fc.constantFrom('length', 'chunked', 'close'),
    chunkSize: fc.integer({ min: 1, max: 40 }),
    extension: fc.constantFrom('', ';name=value'),
    trailer: fc.constantFrom('', 'x-took: 3\r\n'),
    interim: fc.constantFrom(
      '',
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n',
    ),
    connection: fc.constantFrom('', 'Connection: close\r\n', 'connection: keep-alive\r\n'),
  })
  .map(({ status, body, framing, connection, ...rest }) => {
    const head = `${rest.interim}HTTP/1.1 ${status} Whatever\r\nDate: today\r\n${connection}`;
    const text = {
      length: `${head}Content-Length: ${body.length}\r\n\r\n${body}`,
      chunked: `${head}Transfer-Encoding: chunked\r\n\r\n${chunked(body, rest.chunkSize, rest.extension, rest.trailer)}`,
      close: `${head}\r\n${body}`,
    }[framing];
    const isReusable = framing !== 'close' && !connection.includes('close');
    return {
      bytes: Buffer.from(text, 'latin1'),
      expected: { progress: 'complete', status, isReusable, body },
    };
  });

test('an answer in chunks of any size is parsed like the whole answer', () => {
  fc.assert(
    fc.property(answers, fc.array(fc.nat(), { maxLength: 30 }), ({ bytes, expected }, cuts) => {
      assert.deepEqual(read([bytes]), expected);
      assert.deepEqual(read(cutAt(bytes, cuts)), expected);
    }),
    { numRuns: 500 },
  );
});

test('an answer is not complete before its last byte', () => {
  fc.assert(
    fc.property(answers, fc.nat(), ({ bytes, expected }, length) => {
      fc.pre(expected.isReusable);
      const part = bytes.subarray(0, length % bytes.length);
      assert.equal(read([part]).progress, 'partial');
    }),
  );
});

test('one parser parses several answers in sequence', () => {
  fc.assert(
    fc.property(fc.array(answers, { maxLength: 5 }), (sequence) => {
      const parser = new ResponseParser(() => true);
      for (const { bytes, expected } of sequence) {
        assert.deepEqual(read([bytes], parser), expected);
        parser.reset();
      }
    }),
  );
});

test('no input causes an exception', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (pieces) => {
      read(pieces.map((piece) => Buffer.from(piece)));
    }),
  );
});

test('bodies are kept only for the requested statuses', () => {
  const parser = new ResponseParser((status) => status >= 500);
  const ok = Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
  assert.deepEqual([parser.feed(ok, ok.length), parser.body], ['complete', undefined]);
  parser.reset();
  const bad = Buffer.from('HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno');
  assert.deepEqual([parser.feed(bad, bad.length), parser.body?.toString()], ['complete', 'no']);
});

test('an answer whose status has no body ends with its head', () => {
  for (const status of [204, 304]) {
    const reading = readText(`HTTP/1.1 ${status} Nothing\r\ncontent-length: 9\r\n\r\n`);
    assert.deepEqual(reading, { progress: 'complete', status, isReusable: true, body: '' });
  }
});

test('an HTTP/1.0 answer closes the connection unless it has connection: keep-alive', () => {
  assert.equal(readText('HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n').isReusable, false);
  const kept = 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n';
  assert.equal(readText(kept).isReusable, true);
});

test('bytes after an answer make the connection unusable, not the answer', () => {
  const reading = readText('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok!');
  assert.deepEqual(reading, { progress: 'complete', status: 200, isReusable: false, body: 'ok' });
});

test('invalid answers are malformed, and the parser stays so', () => {
  for (const text of [
    'SSH-2.0-OpenSSH\r\n\r\n',
    'HTTP/2 200\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: 1e3\r\n\r\n',
    'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nlong\r\n',
    'x'.repeat(70_000),
  ]) {
    const parser = new ResponseParser(() => false);
    assert.equal(read([Buffer.from(text)], parser).progress, 'malformed', text.slice(0, 80));
    assert.notEqual(parser.problem, '');
    assert.equal(
      read([Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')], parser).progress,
      'malformed',
    );
  }
});
