import { ARRIVED, INPUT, type RecordedEvent } from '../../observe/recorder/recording.ts';

/** Describes an input. `replica` is the text that `a` refers to, if it does. */
export function describeEvent(
  { kind, a, b, value, flag }: RecordedEvent,
  text: string,
  replica: string,
): string {
  switch (kind) {
    case INPUT.COMMAND:
      return `command: ${text}`;
    case INPUT.ARRIVED:
      return `request of ${a} rows, ${b} bytes${(flag & ARRIVED.DENIED) !== 0 ? ', its input is denied' : ''}`;
    case INPUT.CANCELLED:
      return `the client of request ${a} disconnected`;
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
      return `${replica} process ${b} granted ${value} credits`;
    case INPUT.HEARTBEAT:
      return `${replica} process ${b} sent a heartbeat, ${Math.round(value / 1e6)} MB`;
    case INPUT.EXITED:
      return `${replica} process ${b} ended: ${text}`;
    case INPUT.WOKE:
      return `timer ${a} fired`;
    case INPUT.TURN_ENDED:
      return 'the turn ended';
    case INPUT.DELAYED:
      return `requests have waited in their sockets for ${value} ms`;
    case INPUT.KNOCKED:
      return 'the headers of a request arrived';
    case INPUT.GRANTED:
      return 'a replica that waited may start';
    case INPUT.DEPENDENCY:
      return text === '' ? 'a dependency is up' : `a dependency is down: ${text}`;
    default:
      return '';
  }
}

/** Describes how a route handled a call. */
export function describeRouted({ value, b, text }: RecordedEvent, textOf: (id: number) => string): string {
  const by = value === 0 ? 'otherwise' : `rule ${value}`;
  const drawn = b === 0 ? '' : `, drew ${textOf(b)}`;
  return `${by}${drawn}: ${textOf(text) || 'refused'}`;
}
