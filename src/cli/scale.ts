import { askProblem } from './ask-problem.ts';
import { EXIT } from './exit-codes.ts';

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

/** The variable that holds the token of an admin API that is not only for local calls. */
const TOKEN = 'GALLEY_ADMIN_TOKEN';

/** Sets the number of replicas of a model on a running server; exits with code 3 when the server refuses. */
export async function scale(model: string, replicas: string, flags: ScaleFlags): Promise<void> {
  const query = new URLSearchParams({ replicas });
  if (flags.for !== undefined) query.set('forMs', String(Math.round(flags.for)));
  if (flags.threads !== undefined) query.set('threads', flags.threads);
  if (flags.modelVersion !== undefined) query.set('version', flags.modelVersion);
  const token = process.env[TOKEN];
  try {
    const response = await fetch(`${flags.url}/admin/models/${encodeURIComponent(model)}/scale?${query}`, {
      method: 'POST',
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    });
    const body = (await response.json()) as Answer & { readonly error?: string };
    if (response.ok) console.log(described(body));
    else refused(body.error ?? `status ${response.status}`);
  } catch (caught) {
    refused(askProblem(flags.url, caught));
  }
}

function described({ name, scaling }: Answer): string {
  const { replicas, override, mode } = scaling;
  if (override === null) return `${name} follows its settings again (${mode}), from ${replicas} replicas`;
  const until = override.until === null ? 'until galley scale … auto' : `until ${override.until}`;
  return `${name} has ${override.replicas} replicas ${until}`;
}

function refused(why: string): never {
  console.error(`galley: ${why}`);
  process.exit(EXIT.refused);
}
