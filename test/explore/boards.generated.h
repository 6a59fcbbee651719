// Generated from bootloader-c/boards/*.json by bootloader-c/generate/generate.mjs. Do not edit.
// Rows of the boards that are explored: name, part, APP_BASE, listening window [ms], idle time-out [ms], trial boots, port and
// number of the button's pin and its active level, the same of the pin that enables the driver of a half-duplex pair; none: -1.
    {"stm32f030x8-24k", "stm32f030x8", 0x08006000u, 100u, 10000u, 3u, -1, 0, false, {-1, 0, false}},
    {"stm32f030x8-rs485", "stm32f030x8", 0x08008000u, 100u, 10000u, 3u, -1, 0, false, {0, 12, true}},
    {"stm32f030x8", "stm32f030x8", 0x08008000u, 100u, 10000u, 3u, -1, 0, false, {-1, 0, false}},
    {"stm32f072xb", "stm32f072xb", 0x08008000u, 100u, 10000u, 3u, -1, 0, false, {-1, 0, false}},
    {"stm32f091xc", "stm32f091xc", 0x08008000u, 100u, 10000u, 3u, -1, 0, false, {-1, 0, false}},
    {"stm32f100xb", "stm32f100xb", 0x08008000u, 100u, 10000u, 3u, 0, 0, true, {-1, 0, false}},
    {"stm32f103xb", "stm32f103xb", 0x08008000u, 100u, 10000u, 3u, -1, 0, false, {-1, 0, false}},
    {"stm32f103xe-rs485", "stm32f103xe", 0x08008000u, 100u, 10000u, 3u, -1, 0, false, {0, 8, true}},
    {"stm32f103xe", "stm32f103xe", 0x08008000u, 100u, 10000u, 3u, -1, 0, false, {-1, 0, false}},
    {"stm32f303xc", "stm32f303xc", 0x08008000u, 100u, 10000u, 3u, -1, 0, false, {-1, 0, false}},
