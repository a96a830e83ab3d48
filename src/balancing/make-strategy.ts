import type { Random } from '../base/random.ts';
import type { StrategyName } from '../config/balancing-settings.ts';
import { LeastConnections } from './least-connections.ts';
import { LeastLatency } from './least-latency.ts';
import { RandomPick } from './random.ts';
import { RoundRobin } from './round-robin.ts';
import type { Strategy } from './strategy.ts';
import { Weighted } from './weighted.ts';

/** A new strategy of the configured name. It keeps state about its own picks. */
export function makeStrategy(name: StrategyName, random: Random): Strategy {
  switch (name) {
    case 'round-robin':
      return new RoundRobin();
    case 'least-connections':
      return new LeastConnections();
    case 'least-latency':
      return new LeastLatency();
    case 'random':
      return new RandomPick(random);
    case 'weighted':
      return new Weighted();
  }
}
