import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { galley, PROJECT, RunningServer, TEST_MODELS } from '../support/running-server.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-route-commands-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

const MODELS = `models:
  digits: { path: ${join(PROJECT, 'examples/models/digits')}, versions: all }
  echo: { path: ${join(TEST_MODELS, 'echo')} }
`;
const DIGIT = readFileSync(join(PROJECT, 'examples/digit.json'), 'utf8');

function settings(routes: string, models = MODELS): string {
  const folder = join(root, String(folders++));
  mkdirSync(folder);
  writeFileSync(join(folder, 'galley.yaml'), `${models}${routes}`);
  return folder;
}

const ROUTES = `tenants: { gold: { weight: 2 } }
routes:
  classify:
    when:
      - match: { header: { content-language: de* }, tenant: gold }
        use: digits/1
      - match: { input: { name: image, datatype: FP32, value: '> 5' } }
        use: { named: { by: 'parameter:model', among: [digits/1, canary], otherwise: digits/2 } }
    otherwise: { split: { digits/1: 95, canary: 5 }, stickyBy: 'header:x-user-id' }
    fallback: [digits/2, { answer: { label: unknown } }]
    shadow: { to: digits/2, share: 0.1 }
  canary:
    otherwise: { canary: { from: digits/1, to: digits/2 } }
  trial-*:
    otherwise:
      split: { digits/1: 1, digits/2: 1 }
      experiment: { control: digits/1, minOutcomes: 2 }
  ask:
    otherwise: { choose: { by: echo, output: y, targets: { '0': digits/1 }, otherwise: digits } }
  onward:
    otherwise: trial-*
  only-gold:
    when: [{ match: { tenant: gold, version: '3' }, use: digits }]
    otherwise: { refuse: not today }
`;
const folder = settings(ROUTES);

async function route(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await galley(['route', ...args, '--settings', folder]);
  assert.equal(code, 0, stderr);
  return stdout;
}

function input(name: string, value: unknown): string {
  const file = join(folder, `${name}.json`);
  writeFileSync(file, JSON.stringify(value));
  return file;
}

test('a request is shown with its target', async () => {
  const german = ['--header', 'Content-Language: de-AT', '--tenant', 'gold'];
  assert.equal(await route('classify', ...german), 'digits/1\n');
  const tenantByHeader = ['--header', 'content-language:de', '--header', 'x-galley-tenant: gold'];
  assert.equal(await route('classify', ...tenantByHeader), 'digits/1\n');
  assert.equal(await route('classify', '--id', '1'), '99.95 % digits/1\n0.05 % digits/2\n');
  assert.equal(await route('only-gold', '--tenant', 'gold', '--route-version', '3'), 'digits\n');
  assert.equal(await route('only-gold'), "refused with 'not today'\n");
  assert.equal(await route('trial-7'), '50 % digits/1\n50 % digits/2\n');
  assert.match(await route('ask'), /^depends on the answer of echo, which only a running server has: 0 → /);
  const keyed = await route('classify', '--id', '1', '--header', 'x-user-id: ann');
  assert.match(keyed, /^digits\/[12]\n$/);
});

test('a request body has the form of the protocol or the simple form', async () => {
  const tensor = { name: 'image', datatype: 'FP32', shape: [1, 2], data: [7, 0] };
  const bodies = [
    { inputs: [tensor], parameters: { model: 'digits/1' } },
    { instances: [{ image: [7, 0] }, { image: [1, 0] }], parameters: { model: 'digits/1' } },
    { inputs: { image: [[7, 0]] }, parameters: { model: 'digits/1' } },
  ];
  for (const [index, body] of bodies.entries()) {
    assert.equal(await route('classify', '--input', input(`body-${index}`, body)), 'digits/1\n');
  }
  const other = input('other', { inputs: [tensor] });
  assert.equal(await route('classify', '--input', other), 'digits/2\n');
  assert.equal(await route('classify', '--input', other, '--parameter', 'model=digits/1'), 'digits/1\n');
  const nameless = input('nameless', { instances: [[7, 0]] });
  assert.match(await route('classify', '--input', nameless), /^99\.95 % /);
});

test('--explain says why, rule by rule, and what follows', async () => {
  const lines = (await route('classify', '--explain', '--id', '1', '--header', 'x-user-id: ann')).split('\n');
  assert.deepEqual(lines.slice(0, 7), [
    'classify: rule 1 does not match',
    '  no: header content-language is missing, wanted de*',
    '  no: tenant is default, wanted gold',
    'classify: rule 2 does not match',
    '  no: input image is missing',
    '  no: input image of datatype FP32 is missing',
    '  no: first element of input image is missing, wanted > 5',
  ]);
  assert.match(lines[8] ?? '', /^95 % digits\/1, 5 % canary, by header x-user-id: 'ann' belongs to /);
  assert.deepEqual(lines.slice(-6), [
    'if the target fails, is not ready or overloaded, or would be late:',
    '  1. digits/2',
    '  2. a fixed answer: {"label":"unknown"}',
    'while a further step is left, an attempt takes at most 50 % of the time to the deadline',
    'shadow: 10 % of the requests are copied to digits/2; its answers are compared and dropped',
    '',
  ]);
});

test('what cannot be shown is refused with the reason', async () => {
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['clasify'], 1, /'clasify' is not a route, did you mean 'classify'\?; there are classify, canary, /],
    [['digits'], 1, /'digits' is a model, which requests reach without a route/],
    [['classify'], 1, /the body of the request decides: give it with --input/],
    [['classify', '--header', 'nonsense'], 2, /Wanted 'name: value'/],
    [['classify', '--parameter', 'nonsense'], 2, /Wanted name=value/],
    [['classify', '--tenant', 'silver'], 1, /tenant 'silver' is not in the settings, .* there are gold/],
    [['classify', '--route-version', '2'], 1, /is a route and has no versions/],
    [['classify', '--input', '/no/such/file'], 1, /cannot read \/no\/such\/file/],
    [['classify', '--input', input('text', 'text')], 1, /text\.json: the request is "text", wanted a JSON/],
    [['classify', '--input', input('ragged', { inputs: { x: [[1], [1, 2]] } })], 1, /input 'x': value\[1\]/],
  ];
  for (const [args, code, pattern] of cases) {
    const ended = await galley(['route', ...args, '--settings', folder]);
    assert.equal(ended.code, code, args.join(' '));
    assert.match(ended.stderr, pattern);
    assert.doesNotMatch(ended.stderr, /^\s+at /m);
  }
  const loop = settings('routes:\n  a: { otherwise: b }\n  b: { otherwise: a }\n');
  const looping = await galley(['route', 'a', '--settings', loop]);
  assert.equal(looping.code, 1);
  assert.match(looping.stderr, /galley\.yaml: line 5: 'routes\.a' is a loop: a → b → a/);
});

test('the check prints each route in words, and leaves no states behind', async () => {
  const { code, stdout, stderr } = await galley(['check', folder]);
  assert.equal(code, 0, stderr);
  const words = stdout.split('\n').filter((line) => line.startsWith('route '));
  assert.equal(words.length, 6);
  assert.equal(
    words[0],
    'route classify: 1. header content-language is de* and tenant is gold: digits/1; ' +
      '2. input image of datatype FP32 and first element of input image is > 5: ' +
      'the one of digits/1, canary that parameter model names, otherwise digits/2; ' +
      'otherwise 95 % digits/1, 5 % canary, by header x-user-id; ' +
      'fallback: digits/2, a fixed answer; shadow: 10 % to digits/2',
  );
  assert.ok(!readdirSync(folder).some((file) => file.endsWith('.db')));
});

test('the check reports every problem of a route with its line, together with other problems', async () => {
  const bad = settings(
    `routes:
  loop-a: { otherwise: loop-b }
  loop-b: { otherwise: { split: { loop-a: 1, digits: 1 } } }
  unknown: { otherwise: digts }
  version:
    otherwise:
      split:
        digits/1: 1
        digits/7: 1
  weights:
    otherwise:
      split:
        digits/1: lots
  to-weights: { otherwise: weights }
  late:
    when:
      - match: { header: { x: '*' } }
        use: digits/1
      - match: { header: { x: gold } }
        use: digits/2
    otherwise: faulty
  itself:
    otherwise: digits
    fallback: [digits]
  unlike: { otherwise: { split: { digits: 1, echo: 1 } } }
  misread: { otherwise: { choose: { by: echo, output: label, targets: {}, otherwise: digits } } }
  to-broken: { otherwise: { split: { absent: 1, invalid: 1 } } }
`,
    `prot: 1
${MODELS}  absent: {}
  invalid: { path: ${join(TEST_MODELS, 'constant')}, goal: balanced }
  faulty: { path: ${join(TEST_MODELS, 'no-such-model')} }
`,
  );
  const { code, stdout, stderr } = await galley(['check', bad]);
  assert.equal(code, 1);
  const file = join(bad, 'galley.yaml');
  const lines = readFileSync(file, 'utf8').split('\n');
  const expected = [
    ['loop-a: {', "'routes.loop-a' is a loop: loop-a → loop-b → loop-a"],
    ['loop-b: {', "'routes.loop-b' is a loop: loop-b → loop-a → loop-b"],
    [
      'unknown: {',
      "'routes.unknown.otherwise' leads to 'digts', which is neither a model nor a route, did you mean 'digits'?",
    ],
    [
      'digits/7: 1',
      "'routes.version.otherwise.split.digits/7' leads to 'digits/7', but versions of 'digits' that are served are 1, 2",
    ],
    ['digits/1: lots', `'routes.weights.otherwise.split.digits/1' is "lots", wanted a number of at least 0`],
    ['x: gold', "'routes.late.when.1' is never reached: rule 1 matches every request that it matches"],
    ['fallback: [', "'routes.itself.fallback.0' is a fallback of 'digits' to itself"],
    [
      'unlike: {',
      "'routes.unlike': echo takes the inputs x and digits takes image: they cannot answer the same requests",
    ],
    ['misread: {', "'routes.misread': the classifier echo has no output 'label'; it has y, parameters"],
  ] as const;
  for (const [text, problem] of expected) {
    const line = lines.findIndex((each) => each.includes(text)) + 1;
    assert.ok(stderr.includes(`${file}: line ${line}: ${problem}`), `${line}: ${problem} in\n${stderr}`);
  }
  const others = [
    /unknown setting 'prot'/,
    /model 'absent' cannot be served/,
    /model 'faulty' cannot be served/,
    /goal/,
  ];
  for (const pattern of others) assert.match(stderr, pattern);
  // Models and routes that have problems of their own are not unknown.
  assert.equal(stderr.match(/which is neither a model nor a route/g)?.length, 1);
  assert.match(stdout, /^ok: digits\/1 /m);
  assert.doesNotMatch(stdout, /^route /m);
});

test('a canary and an experiment are printed and commanded', async () => {
  const server = await RunningServer.start([folder, '--log-level', 'silent']);
  try {
    const ask = async (...args: readonly string[]) => {
      const { code, stdout, stderr } = await galley([...args, '--url', server.url]);
      return code === 0 ? stdout : `${code} ${stderr}`;
    };
    for (let index = 0; index < 6; index++) {
      const response = await fetch(`${server.url}/v2/models/${index < 3 ? 'trial-1' : 'onward'}/infer`, {
        method: 'POST',
        body: DIGIT,
      });
      await response.arrayBuffer();
      const requestId = response.headers.get('x-galley-request-id');
      const value = response.headers.get('x-galley-served-by') === 'digits/2' ? 3 : index;
      const report = {
        method: 'POST',
        body: JSON.stringify({ requestId, value }),
        headers: { 'content-type': 'application/json' },
      };
      assert.equal((await fetch(`${server.url}/v1/feedback`, report)).status, 204);
    }
    const experiment = await ask('experiment', 'trial-*');
    assert.match(
      experiment,
      /^route trial-\*: experiment, running; higher values are better than those of the control digits\/1$/m,
    );
    assert.match(experiment, /^digits\/1 +50 % +3 +0 +\d+\.\d +\d+\.\d +3 +2 +control$/m);
    assert.match(experiment, /^digits\/2 +50 % +3 +0 +\d+\.\d +\d+\.\d +3 +3 +\+1 +-\S+ and \+\S+$/m);
    assert.match(experiment, /^conclusion: undecided: digits\/2 − digits\/1 is between /m);
    assert.match(await ask('promote', 'trial-1'), /^3 galley: the experiment of 'trial-\*' is undecided/);
    assert.equal(
      await ask('promote', 'trial-1', '--variant', 'digits/2'),
      'trial-* is promoted: 0 % digits/1, 100 % digits/2 (an operator requested it)\n',
    );
    assert.match(await ask('experiment', 'trial-1'), /^promoted: an operator requested it$/m);

    assert.match(
      await ask('experiment', 'canary'),
      /^route canary: canary from digits\/1 to digits\/2, running\nstep 1 of 4 \(1, 5, 25, 100 %\): the canary has 1 %\n/,
    );
    assert.match(await ask('pause', 'canary'), /^canary is paused: 99 % digits\/1, 1 % digits\/2 /);
    assert.match(await ask('pause', 'canary'), /^3 galley: 'canary' is paused, not running/);
    assert.match(await ask('resume', 'canary'), /^canary is running: .* s are left at 1 %/);
    assert.match(
      await ask('promote', 'canary', '--variant', 'digits/1'),
      /^3 galley: 'digits\/1' is not the canary/,
    );
    assert.match(await ask('promote', 'canary'), /^canary is promoted: 0 % digits\/1, 100 % digits\/2 /);
    assert.match(await ask('rollback', 'canary'), /^canary is rolled back: 100 % digits\/1, 0 % digits\/2 /);

    assert.match(
      await ask('experiment', 'classify'),
      /^3 galley: 'classify' has neither a canary nor an experiment/,
    );
    assert.match(await ask('experiment', 'nope'), /^3 galley: 'nope' is not a route; there are classify, /);
    assert.match(await ask('scale', 'digits', '1'), /^digits\/2 has 1 replicas until galley scale … auto/);
  } finally {
    await server.stop();
  }
  const gone = await galley(['pause', 'canary', '--url', server.url]);
  assert.equal(gone.code, 3);
  assert.match(gone.stderr, /no server answers at .*: start a server with galley serve/);
});
