import { seededRandom } from '../../base/random.ts';
import { ModelSettings } from '../../config/model-settings.ts';
import type { AnswerComparator } from '../../fleet/monitor/answer-comparator.ts';
import { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Command } from '../../fleet/version/version-spec.ts';
import { fingerprint, watchDecisions } from '../../observe/decisions/fingerprint.ts';
import {
  ARRIVED,
  INPUT,
  REFUSED_REASONS,
  type RecordedEvent,
  type Recording,
} from '../../observe/recorder/recording.ts';
import type { RequestFacts } from '../../serving/admission/request-facts.ts';
import { DEFAULT_TENANT, Entry } from '../../work/entry.ts';
import { ReplayBackend } from '../backends/replay-backend.ts';
import { applyCommand } from './apply-command.ts';
import { arrivedFacts } from './arrived-facts.ts';
import { describeEvent, describeRouted } from './describe-event.ts';
import { type RecordedSpec, withContents } from './recorded-spec.ts';
import type { OnStep, OnVersion } from './replay-listeners.ts';

/** Result of a replay. */
export interface ReplayResult {
  readonly inputs: number;
  readonly decisions: number;
  /** The first difference; undefined when there is none. */
  readonly difference: string | undefined;
}

/** A version under replay. */
interface ReplayedVersion {
  readonly version: VersionInService;
  readonly backend: ReplayBackend;
  readonly entries: Map<number, Entry>;
}

/** Ends a replay early. */
class Difference extends Error {
  override readonly name = 'Difference';
}

/**
 * Feeds a recording to the objects that made it, and compares their decisions. Decisions follow from inputs, so each
 * must come in the recording exactly where it is made here.
 */
export function replay(
  recording: Recording,
  onStep: OnStep = () => {},
  onVersion: OnVersion = () => {},
): ReplayResult {
  return new Replay(recording, onStep, onVersion).run();
}

class Replay {
  readonly #recording: Recording;
  readonly #onStep: OnStep;
  readonly #onVersion: OnVersion;
  readonly #versions: ReplayedVersion[] = [];
  /** Facts of the next request. */
  #caller: Partial<Pick<RequestFacts, 'tenant' | 'contentKey'>> = {};
  #next = 0;
  #inputs = 0;
  #decisions = 0;

  constructor(recording: Recording, onStep: OnStep, onVersion: OnVersion) {
    this.#recording = recording;
    this.#onStep = onStep;
    this.#onVersion = onVersion;
  }

  run(): ReplayResult {
    const counts = () => ({ inputs: this.#inputs, decisions: this.#decisions });
    if (!this.#recording.isWhole) {
      return {
        ...counts(),
        difference: 'the start of the recording was overwritten; it can be used only with --set',
      };
    }
    try {
      for (let event = this.#take(); event !== undefined; event = this.#take()) {
        this.#inputs += 1;
        this.#feed(event);
      }
      return { ...counts(), difference: undefined };
    } catch (caught) {
      if (caught instanceof Difference) return { ...counts(), difference: caught.message };
      throw caught;
    }
  }

  #take(): RecordedEvent | undefined {
    return this.#recording.events[this.#next++];
  }

  #text(id: number): string {
    return this.#recording.texts[id] ?? '';
  }

  #feed(event: RecordedEvent): void {
    if (event.kind === INPUT.VERSION) {
      this.#addVersion(JSON.parse(this.#text(event.text)) as RecordedSpec);
      return;
    }
    if (event.kind === INPUT.ROUTED) {
      const text = describeRouted(event, (id) => this.#text(id));
      this.#onStep({ atMs: event.at, version: this.#text(event.a), text });
      return;
    }
    const it = this.#versions[event.version];
    if (it === undefined) throw new Difference(`event ${this.#next - 1} belongs to an unknown version`);
    it.backend.clock.moveTo(event.at);
    const { a, b, flag, value } = event;
    const text = this.#text(event.text);
    this.#report(event, text);
    switch (event.kind) {
      case INPUT.COMMAND:
        applyCommand(it.version, JSON.parse(text) as Command);
        break;
      case INPUT.CALLER:
        this.#caller = {
          tenant: { name: text, weight: value },
          contentKey: a === 0 ? undefined : String(a),
        };
        break;
      case INPUT.ARRIVED:
        this.#arrive(it, event, text);
        break;
      case INPUT.DELAYED:
        it.version.doorway.delay(value);
        break;
      case INPUT.KNOCKED:
        this.#knock(it.version);
        break;
      case INPUT.CANCELLED: {
        const entry = it.entries.get(a);
        if (entry !== undefined) it.version.cancel(entry);
        break;
      }
      case INPUT.ANSWERED:
        for (let member = b; member < b + value; member++) it.backend.answer(a, member);
        break;
      case INPUT.REFUSED:
        it.backend.refuse(a, b, REFUSED_REASONS[flag] ?? 'INTERNAL', text);
        break;
      case INPUT.ENDED:
        it.backend.end(a, text, value);
        break;
      case INPUT.LOADED:
      case INPUT.LOAD_FAILED:
      case INPUT.CREDITED:
      case INPUT.HEARTBEAT:
      case INPUT.EXITED:
        it.backend.report(this.#text(a), b, event, text);
        break;
      case INPUT.WOKE:
      case INPUT.TURN_ENDED:
        if (!it.backend.clock.ring(a))
          throw new Difference(this.#where(`timer ${a} fired, but was never set`));
        break;
      case INPUT.GRANTED:
        it.backend.granted(a);
        break;
      case INPUT.DEPENDENCY:
        it.backend.dependencyChecked(a, text);
        break;
      default:
        throw new Difference(this.#where('the recording has a decision here that the replay does not make'));
    }
  }

  #addVersion(kept: RecordedSpec): void {
    const index = this.#versions.length;
    const comparator: AnswerComparator = {
      isSame: () => this.#consume(index, INPUT.JUDGED).flag === 1,
      areAlike: () => this.#consume(index, INPUT.JUDGED).flag === 1,
      isListed: () => this.#consume(index, INPUT.JUDGED).flag === 1,
      formProblem: () => this.#text(this.#consume(index, INPUT.JUDGED).text),
      rowsProblem: () => this.#text(this.#consume(index, INPUT.JUDGED).text),
    };
    const backend = new ReplayBackend(comparator, () => this.#hasWaited(index));
    const ownSample = kept.ownSample.map(withContents);
    const spec = { ...kept, ownSample, settings: ModelSettings.parse(kept.settings) };
    const { clock, spawner, spawnQueue, dependencies } = backend;
    const random = seededRandom(this.#recording.seed);
    const ports = { clock, random, spawner, spawnQueue, comparator, dependencies };
    const version = new VersionInService(spec, ports);
    const entries = new Map<number, Entry>();
    version.path.service.requestSettled.on(({ entry }) => entries.delete(entry.id));
    watchDecisions(version, (decision) => this.#compare(index, decision));
    this.#versions.push({ version, backend, entries });
    this.#onVersion(version, clock);
  }

  #arrive({ version, entries }: ReplayedVersion, { flag, a, b, value }: RecordedEvent, lane: string): void {
    const facts = { ...arrivedFacts(flag, value, { lane, rows: a, bytes: b }, []), ...this.#caller };
    this.#caller = {};
    const [isDenied, isSuspect] = [(flag & ARRIVED.DENIED) !== 0, (flag & ARRIVED.SUSPECT) !== 0];
    const entry = version.admit({ facts, isDenied, isSuspect }, () => {});
    if (entry instanceof Entry && !entry.isSettled) entries.set(entry.id, entry);
  }

  #knock({ doorway }: VersionInService): void {
    const { tenant = DEFAULT_TENANT } = this.#caller;
    this.#caller = {};
    doorway.knock(tenant);
  }

  /** Whether a replica of the version that starts here had to wait in the recording. */
  #hasWaited(version: number): boolean {
    const event = this.#recording.events[this.#next];
    const hasWaited = event?.kind === INPUT.WAITED && event.version === version;
    if (hasWaited) this.#next += 1;
    return hasWaited;
  }

  #compare(version: number, decision: string): void {
    const event = this.#consume(version, INPUT.DECIDED, decision);
    this.#decisions += 1;
    if (event.a !== fingerprint(decision)) {
      throw new Difference(
        this.#where(`the replay decides: ${decision}; the recording has another decision`),
      );
    }
    const name = this.#versions[version]?.version.name ?? '';
    this.#onStep({ atMs: event.at, version: name, text: `  → ${decision}` });
  }

  /** The next event must be of this kind, because it follows from the last input. */
  #consume(version: number, kind: number, what = 'an answer is compared'): RecordedEvent {
    const event = this.#recording.events[this.#next];
    if (event === undefined || event.kind !== kind || event.version !== version) {
      throw new Difference(this.#where(`the replay has: ${what}; the recording has no such event here`));
    }
    this.#next += 1;
    return event;
  }

  #where(text: string): string {
    const event = this.#recording.events[this.#next - 1];
    return `event ${this.#next - 1} of ${this.#recording.events.length}, at ${(event?.at ?? 0).toFixed(1)} ms: ${text}`;
  }

  #report(event: RecordedEvent, text: string): void {
    const version = this.#versions[event.version]?.version.name ?? '';
    this.#onStep({ atMs: event.at, version, text: describeEvent(event, text, this.#text(event.a)) });
  }
}
