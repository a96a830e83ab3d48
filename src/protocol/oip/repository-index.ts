import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { UnservedModel } from '../../gateway/model-commands.ts';

/** A row of Triton's repository index; `reason` is empty while there is nothing to say. */
export interface IndexRow {
  readonly name: string;
  readonly version?: string;
  readonly state: 'READY' | 'LOADING' | 'UNLOADING' | 'UNAVAILABLE';
  readonly reason: string;
}

type Served = Pick<VersionInService, 'state' | 'whyNotReady' | 'failure'> & {
  readonly spec: Pick<VersionInService['spec'], 'model' | 'version'>;
};

/**
 * A row for each version in service, then one for each that is not. A version that serves although what its folder or its
 * settings say now cannot be served has the reason in its own row.
 */
export function repositoryIndex(
  served: readonly Served[],
  unserved: readonly UnservedModel[],
): readonly IndexRow[] {
  const isMeant = ({ spec }: Served, { name, version }: UnservedModel) =>
    spec.model === name && (version === undefined || spec.version === version);
  const others = unserved.filter((it) => !served.some((version) => isMeant(version, it)));
  return [
    ...served.map((version) => servedRow(version, unserved.find((it) => isMeant(version, it))?.reason)),
    ...others.map(unservedRow),
  ];
}

function servedRow(version: Served, notAsDesired: string | undefined): IndexRow {
  const { spec, state, whyNotReady = '' } = version;
  const name = { name: spec.model, version: spec.version };
  switch (state) {
    case 'ready': {
      if (whyNotReady !== '') return { ...name, state: 'UNAVAILABLE', reason: whyNotReady };
      const reason = notAsDesired === undefined ? '' : `serves as before its last change: ${notAsDesired}`;
      return { ...name, state: 'READY', reason };
    }
    case 'starting':
      return { ...name, state: 'LOADING', reason: '' };
    case 'failed':
      return { ...name, state: 'UNAVAILABLE', reason: version.failure };
    default:
      return { ...name, state: 'UNLOADING', reason: '' };
  }
}

function unservedRow({ name, version, reason }: UnservedModel): IndexRow {
  const named = version === undefined ? { name } : { name, version };
  return { ...named, state: 'UNAVAILABLE', reason };
}
