import type { Random } from '../../base/random.ts';
import { deviceProblem } from '../../model/device.ts';
import type { ModelMetadata } from '../../model/model-metadata.ts';
import type { Placement } from '../../replica/placement.ts';
import type { ReplicaId } from '../../replica/replica.ts';
import type { Fault } from '../lifecycle/replica-lifecycle.ts';
import type { AnswerComparator } from '../monitor/answer-comparator.ts';
import type { WarmupResult } from '../warmup/warmup-report.ts';
import { mergingNotice } from './check-settings.ts';
import { LoadedVersion } from './loaded-version.ts';
import { modelChange } from './model-change.ts';
import type { RequestPath } from './request-path.ts';
import type { VersionSpec } from './version-spec.ts';
import type { WarmupDirector } from './warmup-director.ts';

/** Dependencies and callbacks of loading. */
export interface LoadingParts {
  readonly random: Random;
  readonly comparator: AnswerComparator;
  readonly path: RequestPath;
  readonly warmups: WarmupDirector;
  /** The first replica has loaded the model. */
  readonly opened: (loaded: LoadedVersion) => void;
  /** No replica of the version has been ready yet. */
  readonly isStarting: () => boolean;
}

/** Collects what replicas report about their model when they load it and are warmed up. */
export class Loading {
  readonly #spec: VersionSpec;
  readonly #parts: LoadingParts;
  #loaded: LoadedVersion | undefined;
  /** How the file changed while it was served; undefined when it did not. */
  fileChange: string | undefined;

  constructor(spec: VersionSpec, parts: LoadingParts) {
    this.#spec = spec;
    this.#parts = parts;
  }

  /** undefined until a replica has loaded the model. */
  get loaded(): LoadedVersion | undefined {
    return this.#loaded;
  }

  /** Settings that the model does not allow; undefined until it is loaded. */
  get warning(): string | undefined {
    if (this.#loaded === undefined) return undefined;
    const { metadata, rowIndependence } = this.#loaded;
    return (
      mergingNotice(this.#spec.settings, metadata, rowIndependence) ??
      this.#parts.path.findings.explicitProblem(this.#loaded)
    );
  }

  /**
   * Why a replica that has loaded its model cannot serve: it must run on its device, and report the same metadata as the
   * first one.
   */
  whyUnfit(metadata: ModelMetadata, { device }: Placement): string | undefined {
    const { file, settings } = this.#spec;
    const elsewhere = deviceProblem({ ...settings, device }, metadata.device ?? 'cpu');
    if (elsewhere !== undefined) return elsewhere;
    if (metadata.isRestored === true) {
      this.fileChange = `${file} was replaced while it was served; replicas load the retained copy of the first model`;
    }
    if (this.#loaded !== undefined) {
      const change = modelChange(this.#loaded.metadata, metadata, file);
      this.fileChange = change ?? this.fileChange;
      return change ?? this.#loaded.problem;
    }
    const { random, comparator, path } = this.#parts;
    const { model, version } = this.#spec;
    this.#loaded = new LoadedVersion(this.#spec, metadata, {
      ...{ comparator, service: path.roster.service },
      random: random.fork(`warmup/${model}/${version}`),
    });
    this.#parts.opened(this.#loaded);
    return this.#loaded.problem;
  }

  /** Runs warmup batches on a loaded replica until it may serve. */
  warm(id: ReplicaId, ready: () => void, failed: (why: string, fault: Fault) => void): void {
    const { warmups, path } = this.#parts;
    const loaded = this.#loaded as LoadedVersion;
    warmups.warm(
      id,
      loaded,
      () => path.findings.limitsOf(loaded),
      (result) => {
        const problem = this.#problemOf(id, loaded, result);
        if (problem === undefined) ready();
        else failed(...problem);
      },
    );
  }

  #problemOf(id: ReplicaId, loaded: LoadedVersion, result: WarmupResult): [string, Fault] | undefined {
    const { warmups, path, isStarting } = this.#parts;
    // The same rows have succeeded before, so a new process may succeed.
    if (result.kind === 'failed') return [result.message, isStarting() ? 'the model' : 'the replica'];
    loaded.rowIndependence ??= result.report.rows ?? undefined;
    path.findings.merge(loaded, result.largest);
    path.findings.learn(id, loaded, result.profile);
    const problem = isStarting() ? path.findings.objectiveProblem(loaded) : undefined;
    if (problem === undefined) return undefined;
    warmups.repeat(id);
    return [problem, 'the replica'];
  }
}
