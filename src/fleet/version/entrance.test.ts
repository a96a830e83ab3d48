import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Event } from '../../base/event.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import type { Answer, InferenceRequest } from '../../model/inference.ts';
import type { OnSettled, Submission } from '../../serving/admission/admission-stage.ts';
import { ANONYMOUS } from '../../serving/admission/request-facts.ts';
import { ResponseCache } from '../../serving/admission/response-cache.ts';
import { segmentsOf } from '../../tensor/segments.ts';
import { dataBytes } from '../../tensor/tensor.ts';
import { Entrance } from './entrance.ts';

function requestOf(...values: readonly number[]): InferenceRequest {
  const data = segmentsOf(Uint8Array.from(values));
  const inputs = [{ name: 'x', datatype: 'UINT8', shape: [values.length, 1], data }] as const;
  return { id: '', inputs, parameters: {}, timeoutMs: undefined, priority: 0 };
}

/** The only byte of a request of one row. */
function onlyByteOf({ inputs }: InferenceRequest): number | undefined {
  const [chunk] = inputs[0]?.data.chunks ?? [];
  return inputs[0]?.shape[0] === 1 ? chunk?.[0] : undefined;
}

/** An entrance for batches of two rows; the request of the one row 13 is on the deny list. The cut removes an output. */
function setUp({ isPadded = false, isCached = false } = {}) {
  const admitted: { readonly submission: Submission; readonly onSettled: OnSettled }[] = [];
  const describer = {
    describe: (request: InferenceRequest) => ({
      ...{ request, rows: request.inputs[0]?.shape[0] ?? 1, bytes: dataBytes(request.inputs), lane: '' },
      ...{ trueLength: isPadded ? 1 : undefined, contentKey: undefined },
    }),
  };
  const padding = { cut: ({ outputs }: Answer) => ({ outputs: outputs.slice(1) }) };
  const cache = isCached
    ? new ResponseCache(new VirtualClock(), { enabled: true, ttlMs: 1e6, maxBytes: 1e6 } as never)
    : undefined;
  const entrance = new Entrance({
    settings: { singleFlight: false },
    loaded: { describer, padding: isPadded ? padding : undefined },
    path: {
      findings: { maxBatchSize: 2 },
      quarantine: {
        denied: { has: (request: InferenceRequest) => onlyByteOf(request) === 13 },
        suspects: { has: () => false },
      },
      service: { whyTooLarge: () => undefined, cancel() {} },
    },
    ...{ cache, cacheHit: new Event() },
    core: {
      enter(submission: Submission, onSettled: OnSettled) {
        admitted.push({ submission, onSettled });
        return { isExplained: false };
      },
    },
  } as never);
  const submit = (...values: readonly number[]) => {
    const outcomes: unknown[] = [];
    const result = entrance.submit(requestOf(...values), (outcome) => outcomes.push(outcome), ANONYMOUS);
    return { result, outcomes };
  };
  return { admitted, submit };
}

test('a request of more rows than a batch is split; each part passes the deny list', () => {
  const { admitted, submit } = setUp();
  submit(1, 2, 13);
  assert.deepEqual(
    admitted.map(({ submission: { facts, isDenied } }) => [facts.rows, isDenied]),
    [
      [2, false],
      [1, true],
    ],
  );
});

test('the cache keeps cut answers, and an equal request gets them without being admitted', () => {
  const { admitted, submit } = setUp({ isPadded: true, isCached: true });
  const [padded, kept] = [...requestOf(1).inputs, ...requestOf(2).inputs] as const;
  assert.ok(padded !== undefined && kept !== undefined);
  const first = submit(1);
  admitted[0]?.onSettled({ outputs: [padded, kept] });
  assert.deepEqual(first.outcomes, [{ outputs: [kept] }]);
  const { result } = submit(1);
  assert.deepEqual('cached' in result && result.cached, { outputs: [kept] });
  assert.equal(admitted.length, 1);
});

test('a denied input is neither looked up nor cached, and the parts of a request have no content key', () => {
  const { admitted, submit } = setUp({ isCached: true });
  submit(13);
  assert.equal(admitted[0]?.submission.isDenied, true);
  assert.equal(admitted[0]?.submission.facts.contentKey, undefined);
  submit(1);
  assert.notEqual(admitted[1]?.submission.facts.contentKey, undefined);
  submit(1, 2, 3);
  assert.equal(admitted[2]?.submission.facts.contentKey, undefined);
});
