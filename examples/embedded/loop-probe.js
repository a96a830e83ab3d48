// Imported before an application by measure.js: reports the delay of the application's event loop when it is asked.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
process.on('message', (order) => {
  if (order === 'reset') delay.reset();
  else process.send({ p50Ms: delay.percentile(50) / 1e6, p99Ms: delay.percentile(99) / 1e6 });
});
process.channel.unref();
