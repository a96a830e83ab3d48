import { randomBytes } from 'node:crypto';
import { RealClock } from '../base/clock.ts';
import { seededRandom } from '../base/random.ts';
import { type LoadJob, runLoadJob } from '../load/load-job.ts';

/** Entry of the load generator's process: receives a job as a message and sends its report as a message. */
process.once('message', (job: LoadJob) => {
  const env = {
    clock: new RealClock(),
    now: () => performance.now(),
    cpuMicros: () => {
      const { user, system } = process.cpuUsage();
      return user + system;
    },
    random: seededRandom(randomBytes(16).toString('hex')),
  };
  runLoadJob(job, env).then(
    (report) => process.send?.({ report }, () => process.disconnect()),
    (caught: unknown) => process.send?.({ error: String(caught) }, () => process.disconnect()),
  );
});
