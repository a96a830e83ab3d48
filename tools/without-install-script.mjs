// Runs before `npm pack`: the package bundles onnxruntime-node (bundleDependencies) without its install script. On Linux
// that script downloads GPU libraries of some hundred megabytes from a host other than the registry. If the host is not
// reachable, the whole installation fails, and npm warns of every script that is not allowed. The CPU library is in the
// package; docs/model-files.md describes how to run the script for a GPU.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../node_modules/onnxruntime-node/package.json', import.meta.url);
const manifest = JSON.parse(readFileSync(file, 'utf8'));
// The other scripts are only for building the runtime.
delete manifest.scripts;
writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
