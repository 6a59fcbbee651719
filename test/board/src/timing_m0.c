// Cortex-M0: the instructions it has, and their cycles out of zero-wait memory (ARM DDI 0419,
// A5; ARM DDI 0432, table 3-1; STM32F0 has the one-cycle multiplier). libunicorn's M0 takes some
// of what only later cores have, so what is not ARMv6-M is told here.
#include "internal.h"

static uint16_t make(unsigned cycles, unsigned flags) {
    return (uint16_t)(CLASS_VALID | cycles | flags);
}

static unsigned count_bits(uint32_t v) {
    return (unsigned)__builtin_popcount(v);
}

// 1011xxxxxxxxxxxx (A5.2.5).
static uint16_t miscellaneous(uint16_t op) {
    if ((op & 0xFF00) == 0xB000 || (op & 0xFF00) == 0xB200) { // ADD, SUB SP; extend
        return make(1, 0);
    }
    if ((op & 0xF600) == 0xB400) { // PUSH, POP: of PC it is a branch, whose refill comes on top
        return make(1 + count_bits(op & 0x1FFu), 0);
    }
    if ((op & 0xFFEF) == 0xB662) { // CPSIE i, CPSID i
        return make(1, CLASS_MASKS);
    }
    if ((op & 0xFF00) == 0xBA00 && (op & 0xC0) != 0x80) { // REV, REV16, REVSH
        return make(1, 0);
    }
    if ((op & 0xFF00) == 0xBE00) { // BKPT
        return make(1, 0);
    }
    if ((op & 0xFF0F) == 0xBF00) { // NOP, YIELD, WFE, WFI, SEV; others are NOPs
        return make(op == 0xBF20 || op == 0xBF30 ? 2 : 1, op == 0xBF40 ? CLASS_MASKS : 0);
    }
    return make(1, CLASS_UNDEFINED); // CBZ, CBNZ, IT, SETEND, CPS of other masks
}

static uint16_t narrow(uint16_t op) {
    if ((op & 0xF800) == 0x4800 || (op & 0xE000) == 0x6000 || (op & 0xF000) == 0x5000 ||
        (op & 0xF000) == 0x8000 || (op & 0xF000) == 0x9000) {
        return make(2, 0); // no CLASS_LOAD: neighbouring loads are not pipelined here
    }
    if ((op & 0xF000) == 0xB000) {
        return miscellaneous(op);
    }
    if ((op & 0xF000) == 0xC000) { // STM, LDM
        return make(1 + count_bits(op & 0xFFu), CLASS_WORDS);
    }
    return make(1, 0);
}

// MRS and MSR: SYSm of APSR.. IPSR, MSP, PSP, PRIMASK, CONTROL (B5.1.1).
static bool special_register_exists(unsigned sysm) {
    return sysm <= 3 || (sysm >= 5 && sysm <= 9) || sysm == 16 || sysm == 20;
}

static uint16_t wide(uint16_t hw1, uint16_t hw2) {
    if ((hw1 & 0xF800) == 0xF000 && (hw2 & 0xD000) == 0xD000) { // BL
        return make(2, 0);
    }
    bool msr = (hw1 & 0xFFF0) == 0xF380 && (hw2 & 0xFF00) == 0x8800;
    if (msr || (hw1 == 0xF3EF && (hw2 & 0xF000) == 0x8000)) {
        unsigned missing = special_register_exists(hw2 & 0xFFu) ? 0 : CLASS_SPECIAL;
        return make(4, missing | (msr ? CLASS_MASKS : 0));
    }
    if (hw1 == 0xF3BF && (hw2 & 0xFF00) == 0x8F00) { // DSB, DMB, ISB
        unsigned op = hw2 >> 4 & 15u;
        return make(4, op >= 4 && op <= 6 ? 0 : CLASS_UNDEFINED);
    }
    return make(1, CLASS_UNDEFINED);
}

uint16_t timing_m0(uint16_t hw1, uint16_t hw2) {
    return hw1 >= 0xE800 ? wide(hw1, hw2) : narrow(hw1);
}
