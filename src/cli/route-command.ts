import { type Command, InvalidArgumentError } from 'commander';
import { defaultPath } from './default-path.ts';
import type { RouteFlags } from './route.ts';

/** `galley route NAME --header 'content-language: de' --explain` */
export function addRoute(program: Command): void {
  program
    .command('route')
    .description('show where a request would go through a route of the settings, without a server')
    .argument('<route>', 'name of the route, as clients call it')
    .option(
      '--settings <folder or galley.yaml>',
      'default: galley.yaml in the current folder; without it, the models there',
    )
    .option('--header <name: value>', 'header of the request; may be given several times', header)
    .option(
      '--parameter <name=value>',
      'parameter of the request body; may be given several times',
      parameter,
    )
    .option('--tenant <name>', 'tenant of the request (default: that of x-galley-tenant, else default)')
    .option('--route-version <number>', 'version in the path of the request')
    .option('--id <id>', 'id of the request')
    .option(
      '--input <file>',
      'request body as JSON, in the form of the protocol or the simple form; - for stdin',
    )
    .option('--explain', 'also print each rule with what the request has, the split, and the fallback')
    .action(async (name: string, flags: Partial<RouteFlags>) => {
      const { route } = await import('./route.ts');
      await route(name, { ...flags, settings: flags.settings ?? defaultPath() });
    });
}

type Fields = Readonly<Record<string, string>>;

/** A field that is sent several times arrives as one, as from Node's reader. */
function header(text: string, before: Fields = {}): Fields {
  const [, name, value = ''] = /^([\w!#$%&'*+.^`|~-]+)\s*:\s*(.*?)\s*$/.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError("Wanted 'name: value', such as 'x-user-id: ann'.");
  const lower = name.toLowerCase();
  const present = before[lower];
  return { ...before, [lower]: present === undefined ? value : `${present}, ${value}` };
}

function parameter(text: string, before: Fields = {}): Fields {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Wanted name=value, such as quality=high.');
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}
