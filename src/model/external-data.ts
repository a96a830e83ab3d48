import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, sep, win32 } from 'node:path';
import { OperatorError } from '../base/errors.ts';

/**
 * The paths of the external weight files of an ONNX file. Throws when one of them lies outside the folder of the model:
 * a model file from elsewhere must not read other files of this machine.
 *
 * A link may lead to where the file of the model leads too. A volume of Kubernetes has its files in a hidden folder
 * inside it, and a cache of downloads has them side by side in a folder of its own.
 */
export function externalPaths(file: string, locations: readonly string[]): string[] {
  return locations.map((location) => {
    if (leavesFolder(location)) throw new OperatorError(outside(file, location));
    const path = join(dirname(file), location);
    const real = realPath(path);
    // A missing file is reported where it is opened.
    const homes = real === undefined ? [] : [realPath(dirname(file)), dirname(realPath(file) ?? file)];
    if (real !== undefined && !homes.some((home) => home !== undefined && isInside(home, real))) {
      throw new OperatorError(outside(file, location, real === path ? undefined : real));
    }
    return path;
  });
}

/** Whether a location, as a model file states it, leads out of its folder. Both kinds of separators count anywhere. */
export function leavesFolder(location: string): boolean {
  return isAbsolute(location) || win32.isAbsolute(location) || location.split(/[/\\]/).includes('..');
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** undefined when there is nothing at the path. */
function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function outside(file: string, location: string, real?: string): string {
  const leads = real === undefined ? '' : `, a link to ${real}`;
  return (
    `${file} names the weights '${location}'${leads}, outside the folder of the model, wanted a file inside it: ` +
    'put the weights into the folder of the model and save the model with their relative path'
  );
}
