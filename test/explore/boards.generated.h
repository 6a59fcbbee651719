// Generated from linker/boards/*.json by linker/generate.mjs. Do not edit.
// Rows of the boards that are explored: name, part, APP_BASE.
    {"stm32f030x8-24k", "stm32f030x8", 0x08006000u},
    {"stm32f030x8", "stm32f030x8", 0x08008000u},
    {"stm32f072xb", "stm32f072xb", 0x08008000u},
    {"stm32f091xc", "stm32f091xc", 0x08008000u},
    {"stm32f100xb", "stm32f100xb", 0x08008000u},
    {"stm32f103xb", "stm32f103xb", 0x08008000u},
    {"stm32f103xe", "stm32f103xe", 0x08008000u},
    {"stm32f303xc", "stm32f303xc", 0x08008000u},
