// Bundles the programs of the package after `tsc`: a process that imports one file starts in half the time of one that
// imports four hundred. All files lie in one folder, so modules refer to the programs of other processes by name alone.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'dist/bundle');

/** Programs and modules that are started or imported by name, and their sources. */
const ENTRIES = {
  galley: 'src/cli/main.ts',
  'load-process': 'src/cli/load-process.ts',
  index: 'src/index.ts',
  client: 'src/client/index.ts',
  image: 'src/helpers/image.ts',
  text: 'src/helpers/text.ts',
  audio: 'src/helpers/audio.ts',
  'replica-main': 'src/process/child/replica-main.ts',
  compute: 'src/process/child/compute.ts',
  'codec-worker': 'src/protocol/codec/codec-worker.ts',
  'models-worker': 'src/app/control/models-worker.ts',
  'define-model': 'src/model/define-model.ts',
  'galley-resolver': 'src/runtime/module/galley-resolver.ts',
  'typescript-hooks': 'src/runtime/module/typescript-hooks.ts',
};
/**
 * Programs that are bundled together share files. Those of different processes do not: each shared file is one more to
 * find and to read in a start.
 */
const GROUPS = [
  ['galley'],
  ['index', 'client'],
  ['image', 'text', 'audio'],
  ['replica-main'],
  ['compute', 'define-model', 'galley-resolver', 'typescript-hooks'],
  ['codec-worker'],
  ['models-worker'],
  ['load-process'],
];
/** Packages that are installed beside the bundle: native, loaded late, or with files of their own. */
const EXTERNAL = [
  '@huggingface/transformers',
  '@swc/wasm-typescript',
  'onnxruntime-node',
  'fastify',
  'light-my-request',
  'pino',
  'pino-pretty',
  'prom-client',
  'pngjs',
  'sharp',
  '@huggingface/tokenizers',
];

/** `new URL('../child/replica-main.js', import.meta.url)` becomes a name in the one folder. */
const flatUrls = {
  name: 'flat-urls',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, 'utf8');
      const contents = source.replace(
        /'(?:\.{1,2}\/)+(?:[\w-]+\/)*([\w-]+\.js)', import\.meta\.url/g,
        (_text, name) => {
          if (!(name.slice(0, -3) in ENTRIES))
            throw new Error(`${path}: ${name} is not a program of the bundle`);
          return `'./${name}', import.meta.url`;
        },
      );
      return { contents, loader: 'ts' };
    });
  },
};

rmSync(OUT, { recursive: true, force: true });
const inputs = [];
for (const group of GROUPS) {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: group.map((out) => ({ in: ENTRIES[out], out })),
    outdir: OUT,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: EXTERNAL,
    plugins: [flatUrls],
    metafile: true,
    // Names stay, so that stacks can be read.
    minifyWhitespace: true,
    // Some packages are CommonJS and require modules of Node.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module';const require = requireFrom(import.meta.url);",
    },
  });
  inputs.push(...Object.keys(metafile.inputs));
}

const packages = new Set(inputs.flatMap((file) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []));
const licenses = [...packages].sort().map((folder) => {
  const { name, version } = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
  const file = readdirSync(join(ROOT, folder)).find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined) throw new Error(`${folder} has no file with its license`);
  const text = readFileSync(join(ROOT, folder, file), 'utf8');
  return `${name} ${version}\n\n${text.trim()}\n`;
});
writeFileSync(join(OUT, 'THIRD-PARTY-LICENSES'), licenses.join('\n---\n\n'));
