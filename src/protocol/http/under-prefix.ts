import type { IncomingMessage, ServerResponse } from 'node:http';
import { refuse } from '../../base/errors.ts';
import { sendRefusal } from './reply.ts';

/** A handler of Node's HTTP server that may pass requests on. */
type NodeHandler = (req: IncomingMessage, res: ServerResponse, next?: () => void) => void;

/** A handler of the paths below a prefix. `handle` gets them without it. */
export function underPrefix(prefix: string, handle: NodeHandler): NodeHandler {
  const start = prefix.replace(/\/+$/, '');
  if (!/^(\/[^?#]*)?$/.test(start))
    throw new RangeError(`the prefix is '${prefix}', wanted a path such as /models`);
  return (req, res, next) => {
    const { url = '/' } = req;
    const rest = url.slice(start.length);
    if (url.startsWith(start) && /^([/?]|$)/.test(rest)) {
      req.url = rest.startsWith('/') ? rest : `/${rest}`;
      const pass =
        next &&
        (() => {
          req.url = url;
          next();
        });
      handle(req, res, pass);
    } else if (next === undefined) {
      sendRefusal(
        res,
        refuse('NOT_FOUND', `Not Found: the models are below ${start}/, got ${url.slice(0, 200)}`),
      );
    } else {
      next();
    }
  };
}
