// The cores: what tells one from another (ARM DDI 0432, 0337, 0439; ARM DDI 0419 and 0403).
#include "internal.h"

#define CCR_UNALIGN_TRP (1u << 3)
#define CCR_STKALIGN    (1u << 9)

const struct core core_m0 = {
    .model = UC_CPU_ARM_CORTEX_M0,
    .cpuid = 0x410CC200u, // r0p0
    .priority_bits = 0xC0,
    .ccr = CCR_STKALIGN | CCR_UNALIGN_TRP,
    .entry_cycles = 16,
    .exit_cycles = 14,
    .classify = timing_m0,
};

const struct core core_m3 = {
    .model = UC_CPU_ARM_CORTEX_M3,
    .cpuid = 0x411FC231u, // r1p1
    .v7m = true,
    .priority_bits = 0xF0,
    .entry_cycles = 12,
    .exit_cycles = 10,
    .classify = timing_m3,
};

const struct core core_m4 = {
    .model = UC_CPU_ARM_CORTEX_M4,
    .cpuid = 0x410FC241u, // r0p1
    .v7m = true,
    .fpu = true,
    .priority_bits = 0xF0,
    .ccr = CCR_STKALIGN,
    .entry_cycles = 12,
    .exit_cycles = 10,
    .classify = timing_m4,
};
