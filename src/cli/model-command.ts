import { askAdmin } from './ask-admin.ts';

/** The part of the answer that is printed. */
interface Answer {
  readonly versions: readonly { readonly version: string; readonly state: string }[];
}

/** Sends a command about a model to a running server; exits with code 3 when the server refuses. */
export async function commandModel(url: string, model: string, action: string): Promise<void> {
  const path = `/admin/models/${encodeURIComponent(model)}/${action}`;
  const { versions } = await askAdmin<Answer>(url, 'POST', path);
  const served = versions.map(({ version, state }) => `${model}/${version} is ${state}`);
  console.log(served.join('\n') || `${model} is unloaded`);
}
