import { ARRIVED, INPUT, type RecordedEvent } from '../../observe/recorder/recording.ts';

/** An input in words. `replica` is the text that `a` points to where it does. */
export function describeEvent(
  { kind, a, b, value, flag }: RecordedEvent,
  text: string,
  replica: string,
): string {
  switch (kind) {
    case INPUT.COMMAND:
      return `told: ${text}`;
    case INPUT.ARRIVED:
      return `a request of ${a} rows, ${b} bytes came${(flag & ARRIVED.DENIED) !== 0 ? ', its input is denied' : ''}`;
    case INPUT.CANCELLED:
      return `the client of request ${a} left`;
    case INPUT.ANSWERED:
      return `batch ${a}: ${value} members answered`;
    case INPUT.REFUSED:
      return `batch ${a}: member ${b} refused, ${text}`;
    case INPUT.ENDED:
      return text === '' ? `batch ${a} done in ${value.toFixed(2)} ms` : `batch ${a} ended: ${text}`;
    case INPUT.LOADED:
      return `${replica} process ${b} loaded the model`;
    case INPUT.LOAD_FAILED:
      return `${replica} process ${b} could not load: ${text}`;
    case INPUT.CREDITED:
      return `${replica} process ${b} gave ${value} credits`;
    case INPUT.HEARTBEAT:
      return `${replica} process ${b} is alive, ${Math.round(value / 1e6)} MB`;
    case INPUT.EXITED:
      return `${replica} process ${b} ended: ${text}`;
    case INPUT.WOKE:
      return `alarm ${a} rang`;
    case INPUT.TURN_ENDED:
      return 'the turn ended';
    case INPUT.DEPENDENCY:
      return text === '' ? 'a dependency is up' : `a dependency is down: ${text}`;
    default:
      return '';
  }
}
