import type { InferenceRequest } from '../../model/inference.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import { DEFAULT_TENANT, type Tenant } from '../../work/entry.ts';
import type { LaneKey } from '../../work/lane.ts';
import type { Priority } from '../../work/priority.ts';
import type { Padding } from './padding.ts';

/** What a loaded version accepts: requests are checked and described by it. */
export interface RequestForm {
  readonly model: string;
  readonly metadata: ModelMetadata;
  readonly hasBatchAxis: boolean;
  /** Pads requests of different length to share a batch. */
  readonly padding: Padding | undefined;
  readonly timeoutMs: number;
}

/** Terms on which a version admits requests, from its settings. */
export interface AdmissionTerms {
  readonly model: string;
  /** Maximum rows of one request. */
  readonly maxRows: number;
  readonly timeoutMs: number;
  readonly priority: Priority;
  /** Time to the answer, in ms; undefined where only the deadline is set. */
  readonly objectiveMs: number | undefined;
  /** Equal requests in progress run once. */
  readonly isSingleFlight: boolean;
}

/** The caller and its options, from outside the request body. */
export interface Caller {
  readonly tenant: Tenant;
  /** From a header; the shorter of this and the request's own counts. */
  readonly timeoutMs: number | undefined;
  readonly isExplained: boolean;
  /** Time the request took to arrive and to be read, in ms: its timeout starts with its first byte. */
  readonly waitedMs: number;
}

/** A caller without any option. */
export const ANONYMOUS: Caller = {
  tenant: DEFAULT_TENANT,
  timeoutMs: undefined,
  isExplained: false,
  waitedMs: 0,
};

/** What admission needs to know of a request, without the data. */
export interface RequestFacts {
  readonly request: InferenceRequest;
  readonly lane: LaneKey;
  readonly rows: number;
  readonly bytes: number;
  /** undefined: the model's setting applies. */
  readonly timeoutMs: number | undefined;
  /** undefined: the model's setting applies. */
  readonly priority: Priority | undefined;
  readonly tenant: Tenant;
  readonly isExplained: boolean;
  /** Key of the whole contents; undefined where contents are not compared. */
  readonly contentKey: string | undefined;
  /** Length before padding; undefined where it was not padded. */
  readonly trueLength: number | undefined;
}
