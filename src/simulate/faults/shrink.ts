import type { FaultPlan } from './fault-plan.ts';
import { runFaults } from './fault-run.ts';

/** Finds a smaller plan that still breaks the rule: leaves out faults one by one and requests by halves. */
export function shrink(plan: FaultPlan, rule: string): FaultPlan {
  const breaks = (candidate: FaultPlan) => runFaults(candidate).violations.some((each) => each.rule === rule);
  let best = plan;
  for (const fault of plan.faults) {
    const without = { ...best, faults: best.faults.filter((other) => other !== fault) };
    if (breaks(without)) best = without;
  }
  for (let size = Math.ceil(best.requests.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < best.requests.length; ) {
      const requests = [...best.requests.slice(0, start), ...best.requests.slice(start + size)];
      const candidate = { ...best, requests };
      if (breaks(candidate)) best = candidate;
      else start += size;
    }
  }
  return best;
}
