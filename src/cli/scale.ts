import { askAdmin } from './ask-admin.ts';

/** Options of `galley scale`. */
export interface ScaleFlags {
  readonly url: string;
  readonly modelVersion?: string;
  readonly threads?: string;
  /** In ms. */
  readonly for?: number;
}

/** The part of the answer that is printed. */
interface Answer {
  readonly name: string;
  readonly scaling: {
    readonly replicas: number;
    readonly mode: string;
    readonly override: { replicas: number; until: string | null } | null;
  };
}

/** Sets the number of replicas of a model on a running server; exits with code 3 when the server refuses. */
export async function scale(model: string, replicas: string, flags: ScaleFlags): Promise<void> {
  const query = new URLSearchParams({ replicas });
  if (flags.for !== undefined) query.set('forMs', String(Math.round(flags.for)));
  if (flags.threads !== undefined) query.set('threads', flags.threads);
  if (flags.modelVersion !== undefined) query.set('version', flags.modelVersion);
  const path = `/admin/models/${encodeURIComponent(model)}/scale?${query}`;
  console.log(described(await askAdmin<Answer>(flags.url, 'POST', path)));
}

function described({ name, scaling }: Answer): string {
  const { replicas, override, mode } = scaling;
  if (override === null) return `${name} follows its settings again (${mode}), from ${replicas} replicas`;
  const until = override.until === null ? 'until galley scale … auto' : `until ${override.until}`;
  return `${name} has ${override.replicas} replicas ${until}`;
}
