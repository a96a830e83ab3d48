import type { Batch } from '../../work/batch.ts';
import { FLAG } from '../wire/wire.ts';

/** The flags of the RUN frame of a batch: what the replica does beside running it. */
export function runFlags({ isMeasured, isCheck, isRowwise, members }: Batch): number {
  const isInParts = members[0]?.request.parts !== undefined;
  return (
    (isMeasured === true ? FLAG.MEASURE : 0) |
    (isCheck === true ? FLAG.CHECK : 0) |
    (isRowwise === true ? FLAG.ROWWISE : 0) |
    (isInParts ? FLAG.IN_PARTS : 0)
  );
}
