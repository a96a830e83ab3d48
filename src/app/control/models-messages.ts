import type { LoadedConfig } from '../../config/load-config.ts';
import type { WatchSettings } from '../../config/watch-settings.ts';
import type { ModelScan } from './scan-models.ts';
import type { Settled } from './settling.ts';
import type { WatchedPlaces } from './watched-files.ts';

/** What the server asks of the thread that reads model files. */
export type ToModelsThread =
  | { readonly kind: 'scan'; readonly id: number; readonly config: LoadedConfig }
  | { readonly kind: 'watch'; readonly places: WatchedPlaces; readonly settings: WatchSettings };

/** What the thread that reads model files reports. */
export type FromModelsThread =
  | { readonly kind: 'scanned'; readonly id: number; readonly scan: ModelScan }
  | { readonly kind: 'not scanned'; readonly id: number; readonly problems: readonly string[] }
  | ({ readonly kind: 'changed' } & Settled)
  | { readonly kind: 'cut' };
