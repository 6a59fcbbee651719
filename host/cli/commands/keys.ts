// iap keys: the keys that sign packages.
import type { CommandGroup } from '../command.js';

export const KEYS: CommandGroup = {
  name: 'keys',
  description: 'Make and look at the keys that sign packages',
  commands: {
    new: async () => (await import('./keys/new.js')).KEYS_NEW,
    show: async () => (await import('./keys/show.js')).KEYS_SHOW,
    prove: async () => (await import('./keys/prove.js')).KEYS_PROVE,
    export: async () => (await import('./keys/export.js')).KEYS_EXPORT,
  },
};
