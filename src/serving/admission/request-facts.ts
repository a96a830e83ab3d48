import type { InferenceRequest } from '../../model/inference.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import { DEFAULT_TENANT, type Tenant } from '../../work/entry.ts';
import type { LaneKey } from '../../work/lane.ts';
import type { Priority } from '../../work/priority.ts';
import type { Padding } from './padding.ts';

/** What a loaded version takes: by this its requests are checked and described. */
export interface RequestForm {
  readonly model: string;
  readonly metadata: ModelMetadata;
  readonly hasBatchAxis: boolean;
  /** Lets requests of different length share a batch. */
  readonly padding: Padding | undefined;
  readonly timeoutMs: number;
}

/** The terms on which a version admits requests; all of them are settings. */
export interface AdmissionTerms {
  readonly model: string;
  /** Most rows of one request. */
  readonly maxRows: number;
  readonly timeoutMs: number;
  readonly priority: Priority;
  /** When an answer should be there, in ms; undefined where nothing but the deadline is written. */
  readonly objectiveMs: number | undefined;
  /** Equal requests that are under way run once. */
  readonly isSingleFlight: boolean;
}

/** Who asks, and how: what is in no request itself. */
export interface Caller {
  readonly tenant: Tenant;
  /** From a header; the shorter of this and the request's own counts. */
  readonly timeoutMs: number | undefined;
  readonly isExplained: boolean;
  /** How long the request took to arrive and to be read, in ms: its time has run since it began to come. */
  readonly waitedMs: number;
}

/** A caller of whom nothing is known. */
export const ANONYMOUS: Caller = {
  tenant: DEFAULT_TENANT,
  timeoutMs: undefined,
  isExplained: false,
  waitedMs: 0,
};

/** What admission needs to know of a request: everything but the data. */
export interface RequestFacts {
  readonly request: InferenceRequest;
  readonly lane: LaneKey;
  readonly rows: number;
  readonly bytes: number;
  /** undefined leaves it to the model. */
  readonly timeoutMs: number | undefined;
  /** undefined leaves it to the model. */
  readonly priority: Priority | undefined;
  readonly tenant: Tenant;
  readonly isExplained: boolean;
  /** Stands for all of the contents; undefined where nobody compares them. */
  readonly contentKey: string | undefined;
  /** How long it was before it was padded; undefined where it was not. */
  readonly trueLength: number | undefined;
}
