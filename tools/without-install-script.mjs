// Before `npm pack`: the package carries onnxruntime-node along (bundleDependencies), without its install script. On
// Linux that script downloads GPU libraries of some hundred megabytes from a host that is not the registry; where that
// host cannot be reached the whole installation fails, and npm warns of every script that it was not told to allow. What
// runs models on the processor is in the package itself. Who wants a GPU runs the script by hand: docs/models.md says how.
import { readFileSync, writeFileSync } from 'node:fs';

const file = new URL('../node_modules/onnxruntime-node/package.json', import.meta.url);
const manifest = JSON.parse(readFileSync(file, 'utf8'));
// Scripts for those who build the runtime are of no use to those who install it either.
delete manifest.scripts;
writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
