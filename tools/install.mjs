// Prepares a clone: installs missing dependencies and builds stale output. It runs before `npm start` and `npm test`, and
// replaces `npm ci` and `npm run build`. It needs only Node and npm, and does nothing when everything is up to date. With
// --afresh, before `npm pack`, it removes the old output first, so that output of deleted sources is not packed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const INSTALLED = join(ROOT, 'node_modules', '.galley-installed');
const DIST = join(ROOT, 'dist');
const BUILT = join(DIST, '.galley-built');
const SOURCES = ['src', 'test', 'bench', 'tools', 'tsconfig.json', 'package-lock.json'];
const OLDEST_NODE = [20, 19];

checkNode();
installIfMissing();
if (process.argv.includes('--afresh')) rmSync(DIST, { recursive: true, force: true });
buildIfStale();

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  fail(`Node is ${process.versions.node}, wanted ${OLDEST_NODE.join('.')} or newer: install a newer Node.`);
}

/** Installs unless the hash of the lock file is that of the last installation. */
function installIfMissing() {
  const wanted = createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .digest('hex');
  if (existsSync(INSTALLED) && readFileSync(INSTALLED, 'utf8') === wanted) return;
  console.error('Installing dependencies (npm ci) …');
  // The install script of the runtime downloads GPU libraries, which are not used; the CPU library is in the package. The
  // lock file does not list the script, so npm does not run it; the variable is for lock files that do.
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { ONNXRUNTIME_NODE_INSTALL: 'skip' });
  writeFileSync(INSTALLED, wanted);
}

function buildIfStale() {
  const newest = Math.max(...SOURCES.map((name) => newestChange(join(ROOT, name))));
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs >= newest) return;
  console.error('Building (npm run build) …');
  run('npm', ['run', '--silent', 'build']);
  writeFileSync(BUILT, '');
}

function newestChange(path) {
  const { mtimeMs } = statSync(path);
  if (!statSync(path).isDirectory()) return mtimeMs;
  return Math.max(mtimeMs, ...readdirSync(path).map((entry) => newestChange(join(path, entry))));
}

function run(command, args, env = {}) {
  const { status, error } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  if (error !== undefined) fail(`${command} could not be started: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed with exit code ${status}.`);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
