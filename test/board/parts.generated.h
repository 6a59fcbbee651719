// Generated from bootloader-c/parts/*.json by bootloader-c/generate/generate.mjs. Do not edit.
// Rows of struct board_part: name, family, core, flash, page and RAM size, device id, address of the flash size
// register, address of the unique id, highest clock, CCM size, backup registers, longest erase [ms] and half-word [us] (0:
// the family's), whether there is a PVD.
    {"gd32f103xb", BOARD_FAMILY_F1, BOARD_CORE_M3, 0x00020000u, 1024u, 0x00005000u, 0x410u, 0x1ffff7e0u, 0x1ffff7e8u, 72000000u, 0u, 0u, 450u, 400u, true},
    {"stm32f030x8", BOARD_FAMILY_F0, BOARD_CORE_M0, 0x00010000u, 1024u, 0x00002000u, 0x440u, 0x1ffff7ccu, 0x1ffff7acu, 48000000u, 0u, 0u, 0u, 0u, false},
    {"stm32f072xb", BOARD_FAMILY_F0, BOARD_CORE_M0, 0x00020000u, 2048u, 0x00004000u, 0x448u, 0x1ffff7ccu, 0x1ffff7acu, 48000000u, 0u, 5u, 0u, 0u, true},
    {"stm32f091xc", BOARD_FAMILY_F0, BOARD_CORE_M0, 0x00040000u, 2048u, 0x00008000u, 0x442u, 0x1ffff7ccu, 0x1ffff7acu, 48000000u, 0u, 5u, 0u, 0u, true},
    {"stm32f100xb", BOARD_FAMILY_F1, BOARD_CORE_M3, 0x00020000u, 1024u, 0x00002000u, 0x420u, 0x1ffff7e0u, 0x1ffff7e8u, 24000000u, 0u, 0u, 0u, 0u, true},
    {"stm32f103xb", BOARD_FAMILY_F1, BOARD_CORE_M3, 0x00020000u, 1024u, 0x00005000u, 0x410u, 0x1ffff7e0u, 0x1ffff7e8u, 72000000u, 0u, 0u, 0u, 0u, true},
    {"stm32f103xe", BOARD_FAMILY_F1, BOARD_CORE_M3, 0x00080000u, 2048u, 0x00010000u, 0x414u, 0x1ffff7e0u, 0x1ffff7e8u, 72000000u, 0u, 0u, 0u, 0u, true},
    {"stm32f303xc", BOARD_FAMILY_F3, BOARD_CORE_M4, 0x00040000u, 2048u, 0x0000a000u, 0x422u, 0x1ffff7ccu, 0x1ffff7acu, 72000000u, 8192u, 16u, 0u, 0u, true},
