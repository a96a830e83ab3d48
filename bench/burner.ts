/** Takes one core for half of each second until its standard input closes: a machine without cores to spare. */
const HALF_MS = 500;

process.stdin.on('end', () => process.exit()).resume();
setInterval(() => {
  const until = performance.now() + HALF_MS;
  while (performance.now() < until);
}, 2 * HALF_MS);
