import type { VersionInService } from '../../fleet/version/version-in-service.ts';
import type { Command } from '../../fleet/version/version-spec.ts';

/** Gives a version a recorded command again. */
export function applyCommand(version: VersionInService, command: Command): void {
  switch (command.kind) {
    case 'start':
      version.start();
      break;
    case 'scale':
      version.scale(command.placements);
      break;
    case 'leave':
      version.leave();
      break;
    case 'drain':
    case 'kill':
      version.stop(command.kind);
      break;
    case 'replica':
      version.operate(command.action, command.replica);
  }
}
