// Which commands there are.
import type { CommandTable } from './command.js';

export const COMMANDS: CommandTable = {
  ports: async () => (await import('./commands/ports.js')).PORTS,
  info: async () => (await import('./commands/info.js')).INFO,
  scan: async () => (await import('./commands/scan.js')).SCAN,
  flash: async () => (await import('./commands/flash.js')).FLASH,
  verify: async () => (await import('./commands/verify.js')).VERIFY,
  boot: async () => (await import('./commands/boot.js')).BOOT,
  conformance: async () => (await import('./commands/conformance.js')).CONFORMANCE,
  check: async () => (await import('./commands/check.js')).CHECK,
  pack: async () => (await import('./commands/pack.js')).PACK,
  sign: async () => (await import('./commands/sign.js')).SIGN,
  keys: async () => (await import('./commands/keys.js')).KEYS,
  web: async () => (await import('./commands/web.js')).WEB,
  factory: async () => (await import('./commands/factory.js')).FACTORY,
  bootloader: async () => (await import('./commands/bootloader.js')).BOOTLOADER,
  'dump-record': async () => (await import('./commands/dump-record.js')).DUMP_RECORD,
  isp: async () => (await import('./commands/isp.js')).ISP,
  completion: async () => (await import('./commands/completion.js')).COMPLETION,
  board: async () => (await import('./commands/board.js')).BOARD,
};
