import { askAdmin } from './ask-admin.ts';
import { commandModel } from './model-command.ts';
import { commandRoute } from './route-state.ts';

/** Rolls a route back, or a model: a route hides a model of the same name. */
export async function rollBack(url: string, name: string): Promise<void> {
  const { routes } = await askAdmin<{ readonly routes: readonly { readonly name: string }[] }>(
    url,
    'GET',
    '/admin/routes',
  );
  if (routes.some((route) => route.name === name)) await commandRoute(name, 'rollback', { url });
  else await commandModel(url, name, 'rollback');
}
