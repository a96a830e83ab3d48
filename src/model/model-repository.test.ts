import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { DISK, type Disk } from '../base/disk.ts';
import { chooseVersions } from './chosen-versions.ts';
import { type FoundModel, findModel, scanRepository } from './model-repository.ts';

const root = mkdtempSync(join(tmpdir(), 'galley-models-'));
after(() => rmSync(root, { recursive: true }));
let repositories = 0;

/** A folder with empty files; `-> target` creates a link, a name with a trailing slash a folder. */
function repository(...files: readonly string[]): string {
  const folder = join(root, String(repositories++));
  mkdirSync(folder);
  for (const entry of files) {
    const [name = '', target] = entry.split(' -> ');
    const path = join(folder, name);
    mkdirSync(name.endsWith('/') ? path : dirname(path), { recursive: true });
    if (target !== undefined) symlinkSync(target, path);
    else if (!name.endsWith('/')) writeFileSync(path, '');
  }
  return folder;
}

function scan(folder: string, disk?: Disk) {
  const result = scanRepository(folder, disk);
  assert.ok(typeof result !== 'string', String(result));
  const { models, broken, warnings } = result;
  return {
    models: models.map(({ name, versions }) => [
      name,
      versions.map(({ version, runtime }) => `${version} ${runtime}`),
    ]),
    broken: broken.map(({ name, reason }) => `${name}: ${reason}`).join('\n'),
    warnings: warnings.join('\n'),
    found: models,
  };
}

function found(folder: string, name: string): FoundModel {
  const model = findModel(name, join(folder, name));
  assert.ok(model.kind === 'found', JSON.stringify(model));
  return model;
}

/** A disk on which one call fails for everything under a path, with a system error code. */
function failingAt(path: string, code: string, call: 'stat' | 'list' | 'access'): Disk {
  const failing = (at: string) => {
    if (at.startsWith(path)) throw Object.assign(new Error(`${code}: raw words`), { code });
  };
  return {
    ...DISK,
    [call]: (at: string) => {
      failing(at);
      return DISK[call](at);
    },
  };
}

const FILES = [
  ...['digits/1/model.onnx', 'digits/2/model.onnx', 'digits/10/model.onnx', 'digits/old/model.onnx'],
  ...['digits/model.yaml', 'plain/model.js', 'alone.onnx', '.hidden/model.onnx', 'notes.txt'],
];

test('a folder of models is read in every layout', () => {
  const folder = repository(...FILES);
  const { models, broken, warnings, found } = scan(folder);
  assert.deepEqual(models, [
    ['alone', ['1 onnx']],
    ['digits', ['1 onnx', '2 onnx', '10 onnx']],
    ['plain', ['1 module']],
  ]);
  assert.equal(found[1]?.settingsFile, join(folder, 'digits/model.yaml'));
  assert.equal(broken, '');
  assert.equal(warnings, '');
});

test('folders that contain no part of a model are skipped by name', () => {
  const { models, broken, warnings } = scan(
    repository('m/model.onnx', 'lost+found/', 'notes/a.txt', 'tokenizer/vocab.txt', 'empty/'),
  );
  assert.deepEqual(models, [['m', ['1 onnx']]]);
  assert.equal(broken, '');
  for (const name of ['lost+found', 'notes', 'tokenizer', 'empty']) {
    assert.match(
      warnings,
      new RegExp(`/${name.replace('+', '\\+')} is skipped: it contains no model; wanted`),
    );
  }
});

test('the folder lost+found is skipped although it cannot be read', () => {
  const folder = repository('m/model.onnx', 'lost+found/');
  const { broken, warnings } = scan(folder, failingAt(join(folder, 'lost+found'), 'EACCES', 'list'));
  assert.equal(broken, '');
  assert.match(warnings, /lost\+found is skipped/);
});

test('a folder with a version or settings but no model file is a broken model', () => {
  const { models, broken } = scan(
    repository('good/1/model.onnx', 'empty-version/3/weights.pt', 'settings-only/model.yaml'),
  );
  assert.deepEqual(models, [['good', ['1 onnx']]]);
  assert.match(broken, /empty-version: .*\/3 contains weights\.pt, wanted model\.onnx, model\.ts/);
  assert.match(broken, /settings-only: .*contains model\.yaml, wanted/);
});

test('dangling and circular links are broken models at every level', () => {
  const { models, broken } = scan(
    repository(
      'good.onnx',
      'gone -> /no/such/place',
      'gone.onnx -> /no/such.onnx',
      'circle -> circle',
      'file/1/model.onnx -> /no/such.onnx',
      'version/1 -> /no/such/version',
      'notes.txt -> /no/such.txt',
    ),
  );
  assert.deepEqual(models, [['good', ['1 onnx']]]);
  assert.match(broken, /^gone: .*gone is a link to \/no\/such\/place, which does not exist/m);
  assert.match(broken, /^circle: .*is a symbolic link that leads back to itself/m);
  assert.match(broken, /^file: .*model\.onnx is a link to \/no\/such\.onnx, which does not exist/m);
  assert.match(broken, /^version: .*1 is a link to \/no\/such\/version, which does not exist/m);
  assert.doesNotMatch(broken, /notes/);
});

for (const call of ['stat', 'list', 'access'] as const) {
  test(`without read permission (${call}) a model is broken, without the raw system error`, () => {
    const folder = repository('good/1/model.onnx', 'secret/1/model.onnx');
    const { models, broken } = scan(folder, failingAt(join(folder, 'secret'), 'EACCES', call));
    assert.deepEqual(models, [['good', ['1 onnx']]]);
    assert.match(
      broken,
      /^secret: .*cannot be read \(permission denied\): allow the user of this process to read it/,
    );
    assert.doesNotMatch(broken, /EACCES|raw words/);
  });
}

test('an unreadable model file makes a broken model', () => {
  const folder = repository('good/1/model.onnx', 'secret/1/model.onnx');
  const file = join(folder, 'secret/1/model.onnx');
  assert.match(
    scan(folder, failingAt(file, 'EACCES', 'access')).broken,
    /model\.onnx cannot be read \(permission denied\)/,
  );
});

test('entries that are removed during the scan are left out', () => {
  const folder = repository('good/1/model.onnx', 'going/1/model.onnx', 'going.onnx');
  const { models, broken } = scan(folder, failingAt(join(folder, 'going'), 'ENOENT', 'stat'));
  assert.deepEqual(models, [['good', ['1 onnx']]]);
  assert.equal(broken, '');
  const later = scan(folder, failingAt(join(folder, 'going/1'), 'ENOENT', 'list'));
  assert.match(later.broken, /going\/1 does not exist/);
});

test('an unreadable folder of models is reported', () => {
  assert.match(String(scanRepository(join(root, 'nowhere'))), /nowhere does not exist/);
  const folder = repository();
  assert.match(String(scanRepository(folder, failingAt(folder, 'EIO', 'list'))), /the disk reports an error/);
});

test('a version may have leading zeros, or be a time stamp', () => {
  const folder = repository(
    ...['m/00000123/model.onnx', 'm/20240131123456789/model.onnx', 'm/20240131123456790/model.onnx'],
    ...['m/007/model.onnx', 'm/0/model.onnx'],
  );
  const { versions } = found(folder, 'm');
  assert.deepEqual(
    versions.map(({ version }) => version),
    ['7', '123', '20240131123456789', '20240131123456790'],
  );
  assert.equal(versions[1]?.file, join(folder, 'm/00000123/model.onnx'));
});

test('two folders with the same number make a broken model', () => {
  const { models, broken } = scan(repository('m/7/model.onnx', 'm/007/model.onnx', 'good.onnx'));
  assert.deepEqual(models, [['good', ['1 onnx']]]);
  assert.match(broken, /^m: .*m\/007 and .*m\/7 are both version 7: remove one of them/);
});

test('a file with the name of a version is not a version', () => {
  assert.deepEqual(scan(repository('m/3', 'm/model.onnx')).models, [['m', ['1 onnx']]]);
});

test('names may contain special characters, and the name of a model is unique', () => {
  const folder = repository('größe (1) $x.onnx', "it's/1/model.onnx", 'same/1/model.onnx', 'same.onnx');
  const { models, warnings } = scan(folder);
  assert.deepEqual(
    models.map(([name]) => name),
    ['größe (1) $x', "it's", 'same'].sort(),
  );
  assert.match(warnings, /same\.onnx is skipped: another model has the name 'same'/);
});

test('model.yml is read like model.yaml, and both together are refused', () => {
  const folder = repository(
    'm/model.onnx',
    'm/model.yml',
    'two/model.onnx',
    'two/model.yml',
    'two/model.yaml',
  );
  assert.equal(found(folder, 'm').settingsFile, join(folder, 'm/model.yml'));
  assert.match(
    scan(folder).broken,
    /^two: found both .*model\.yaml and .*model\.yml, wanted one settings file: remove one of them/,
  );
});

test('the latest version is the highest number, not the last name', () => {
  const digits = found(repository(...FILES), 'digits');
  const names = (wanted: Parameters<typeof chooseVersions>[1]) =>
    chooseVersions(digits, wanted).files.map(({ version }) => version);
  assert.deepEqual(names('latest'), ['10']);
  assert.deepEqual(names('all'), ['1', '2', '10']);
  assert.deepEqual(names([2]), ['2']);
  assert.deepEqual(names(['010', 1]), ['1', '10']);
  assert.match(
    chooseVersions(digits, [3]).missing[0]?.reason ?? '',
    /version 3 does not exist, found 1, 2, 10/,
  );
});

test('no older version replaces a latest version without a model', () => {
  const m = found(repository('m/1/model.onnx', 'm/2/'), 'm');
  const { files, missing } = chooseVersions(m, 'latest');
  assert.deepEqual(files, []);
  assert.match(missing[0]?.reason ?? '', /2 contains no files, wanted model/);
  assert.deepEqual(
    chooseVersions(m, 'all').files.map(({ version }) => version),
    ['1'],
  );
  assert.deepEqual(chooseVersions(m, [1]).missing, []);
});

test('a folder with config.json and tokenizer.json is a hub model, with versions or without', () => {
  const { models, broken, warnings } = scan(
    repository(
      ...['plain/config.json', 'plain/tokenizer.json', 'plain/onnx/model.onnx'],
      ...['numbered/3/config.json', 'numbered/3/tokenizer.json'],
      ...['exported/config.json', 'exported/tokenizer.json', 'exported/model.onnx'],
      ...['settings/config.json', 'half/1/config.json'],
    ),
  );
  assert.deepEqual(models, [
    ['exported', ['1 onnx']],
    ['numbered', ['3 transformers']],
    ['plain', ['1 transformers']],
  ]);
  assert.match(
    broken,
    /^half: .*contains config\.json, wanted model\.onnx, .* or config\.json and tokenizer\.json$/,
  );
  assert.match(warnings, /settings is skipped: it contains no model/);
});

test('a model may be written in TypeScript, which comes before the JavaScript compiled from it', () => {
  const folder = repository(
    'typed/model.ts',
    'typed/model.js',
    'versioned/2/model.mts',
    'lone.ts',
    'README.md',
  );
  const { found: models } = scan(folder);
  assert.deepEqual(
    models.flatMap(({ name, versions }) =>
      versions.map(({ file }) => `${name} ${file.slice(folder.length)}`),
    ),
    ['typed /typed/model.ts', 'versioned /versioned/2/model.mts'],
  );
  assert.equal(findModel('lone', join(folder, 'lone.ts')).kind, 'found');
  const other = findModel('readme', join(folder, 'README.md'));
  assert.ok(other.kind === 'broken');
  assert.match(other.reason, /unknown extension, wanted one of \.onnx, \.ts, \.mts, \.js, \.mjs$/);
});
