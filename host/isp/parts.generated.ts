// Generated from linker/parts/*.json by linker/generate.mjs. Do not edit.

/** What a host must know of a part to program it through its ROM bootloader; sizes in bytes. */
export const PARTS = [
  { name: 'gd32f103xb', family: 'stm32f1', pid: 0x410, pageSize: 1024, flashSize: 131072, ramSize: 20480, flashSizeRegister: 0x1ffff7e0, uniqueId: 0x1ffff7e8 },
  { name: 'stm32f030x8', family: 'stm32f0', pid: 0x440, pageSize: 1024, flashSize: 65536, ramSize: 8192, flashSizeRegister: 0x1ffff7cc, uniqueId: 0x1ffff7ac },
  { name: 'stm32f072xb', family: 'stm32f0', pid: 0x448, pageSize: 2048, flashSize: 131072, ramSize: 16384, flashSizeRegister: 0x1ffff7cc, uniqueId: 0x1ffff7ac },
  { name: 'stm32f091xc', family: 'stm32f0', pid: 0x442, pageSize: 2048, flashSize: 262144, ramSize: 32768, flashSizeRegister: 0x1ffff7cc, uniqueId: 0x1ffff7ac },
  { name: 'stm32f100xb', family: 'stm32f1', pid: 0x420, pageSize: 1024, flashSize: 131072, ramSize: 8192, flashSizeRegister: 0x1ffff7e0, uniqueId: 0x1ffff7e8 },
  { name: 'stm32f103xb', family: 'stm32f1', pid: 0x410, pageSize: 1024, flashSize: 131072, ramSize: 20480, flashSizeRegister: 0x1ffff7e0, uniqueId: 0x1ffff7e8 },
  { name: 'stm32f103xe', family: 'stm32f1', pid: 0x414, pageSize: 2048, flashSize: 524288, ramSize: 65536, flashSizeRegister: 0x1ffff7e0, uniqueId: 0x1ffff7e8 },
  { name: 'stm32f303xc', family: 'stm32f3', pid: 0x422, pageSize: 2048, flashSize: 262144, ramSize: 40960, flashSizeRegister: 0x1ffff7cc, uniqueId: 0x1ffff7ac },
] as const;
