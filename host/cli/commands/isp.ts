// iap isp: commands that talk to ST's ROM bootloader.
import type { CommandGroup } from '../command.js';

export const ISP: CommandGroup = {
  name: 'isp',
  description: "Program a part through ST's ROM bootloader (BOOT0 high)",
  commands: {
    info: async () => (await import('./isp/info.js')).ISP_INFO,
    write: async () => (await import('./isp/write.js')).ISP_WRITE,
    verify: async () => (await import('./isp/verify.js')).ISP_VERIFY,
    read: async () => (await import('./isp/read.js')).ISP_READ,
    erase: async () => (await import('./isp/erase.js')).ISP_ERASE,
    go: async () => (await import('./isp/go.js')).ISP_GO,
    protect: async () => (await import('./isp/protect.js')).ISP_PROTECT,
    unprotect: async () => (await import('./isp/unprotect.js')).ISP_UNPROTECT,
    factory: async () => (await import('./isp/factory.js')).ISP_FACTORY,
  },
};
