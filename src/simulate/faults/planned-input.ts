import type { InferenceRequest } from '../../model/inference.ts';
import { bytesOf } from '../../tensor/tensor.ts';
import { WIDTH } from './fault-backend.ts';
import type { PlannedRequest } from './fault-plan.ts';

/** The request of a plan; its first bytes tell the backend what it does to a replica. */
export function requestOf(planned: PlannedRequest, id: number): InferenceRequest {
  const { rows, mark, timeoutMs, priority, content } = planned;
  const kind = content ?? id + 256;
  const bytes = new Uint8Array(rows * WIDTH);
  bytes.set([mark, kind & 0xff, kind >>> 8, 1]);
  const inputs = [{ name: 'x', datatype: 'UINT8' as const, shape: [rows, WIDTH], data: bytesOf(bytes) }];
  return { id: String(id), inputs, parameters: {}, timeoutMs, priority };
}
