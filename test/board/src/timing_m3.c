// Cycles of Cortex-M3 and M4 instructions out of zero-wait memory (ARM DDI 0337, table 18-1;
// ARM DDI 0439, table 3-1, where the multiplier takes one cycle, accumulating or not). Wait
// states, taken branches and bus waits are added where they are known, in cpu.c and bus.c.
#include "internal.h"

static unsigned count_bits(uint32_t v) {
    return (unsigned)__builtin_popcount(v);
}

static uint16_t make(unsigned cycles, unsigned flags) {
    return (uint16_t)(CLASS_VALID | cycles | flags);
}

static uint16_t narrow(uint16_t op) {
    if ((op & 0xF800) == 0x4800 || ((op & 0xF000) == 0x5000 && (op & 0x0E00) >= 0x0600) ||
        ((op & 0xE000) == 0x6000 && (op & 0x0800)) || (op & 0xF800) == 0x8800 ||
        (op & 0xF800) == 0x9800) {
        return make(2, CLASS_LOAD);
    }
    if (((op & 0xF000) == 0x5000) || ((op & 0xE000) == 0x6000) || (op & 0xF800) == 0x8000 ||
        (op & 0xF800) == 0x9000) {
        return make(1, CLASS_STORE);
    }
    if ((op & 0xF600) == 0xB400) { // PUSH, POP
        return make(1 + count_bits(op & 0x1FFu), 0);
    }
    if ((op & 0xF000) == 0xC000) { // STM, LDM
        return make(1 + count_bits(op & 0xFFu), CLASS_WORDS);
    }
    if ((op & 0xFFE0) == 0xB660 || op == 0xBF40) { // CPS, SEV
        return make(1, CLASS_MASKS);
    }
    return make(1, 0);
}

static uint16_t wide(uint16_t hw1, uint16_t hw2) {
    if ((hw1 & 0xFE40) == 0xE800) { // LDM, STM and PUSH, POP
        return make(1 + count_bits(hw2), CLASS_WORDS);
    }
    if ((hw1 & 0xFFF0) == 0xE8D0 && (hw2 & 0xFFE0) == 0xF000) { // TBB, TBH
        return make(2, 0);
    }
    if ((hw1 & 0xFE40) == 0xE840) { // LDRD, STRD, exclusives
        // Exclusives may be bytes; LDRD and STRD have P or W set.
        return make(3, (hw1 & 0x0120) ? CLASS_WORDS : 0);
    }
    if ((hw1 & 0xFE00) == 0xF800) {
        return (hw1 & 0x10) ? make(2, CLASS_LOAD) : make(1, CLASS_STORE);
    }
    if ((hw1 & 0xFF80) == 0xFB80) {
        unsigned op = (hw1 >> 4) & 7;
        if (op == 1 || op == 3) { // SDIV, UDIV: 2 to 12, early termination
            return make(7, 0);
        }
        return make(op >= 4 ? 5 : 4, 0); // long multiplies: 3 to 5, accumulate 4 to 7
    }
    if ((hw1 & 0xFF80) == 0xFB00) {
        return make((hw2 & 0xF000) == 0xF000 ? 1 : 2, 0); // MUL, MLA
    }
    if ((hw1 & 0xFFE0) == 0xF380) { // MSR and hints
        return make((hw1 & 0xFFF0) == 0xF380 ? 2 : 1, CLASS_MASKS);
    }
    if ((hw1 & 0xFFF0) == 0xF3E0) { // MRS
        return make(2, 0);
    }
    if (hw1 == 0xF3BF) { // barriers: the write buffer drains
        return make(4, 0);
    }
    return make(1, 0);
}

uint16_t timing_m3(uint16_t hw1, uint16_t hw2) {
    return hw1 >= 0xE800 ? wide(hw1, hw2) : narrow(hw1);
}

// VFPv4: coprocessors 10 and 11, in both encodings of the space (ARM DDI 0403, A5.3.18).
static bool is_floating_point(uint16_t hw1, uint16_t hw2) {
    return (hw1 & 0xEC00) == 0xEC00 && (hw2 & 0x0E00) == 0x0A00;
}

uint16_t timing_m4(uint16_t hw1, uint16_t hw2) {
    if (is_floating_point(hw1, hw2)) {
        bool two_registers = (hw1 & 0xFFE0) == 0xEC40; // VMOV
        bool memory = (hw1 & 0xFE00) == 0xEC00 && !two_registers;
        bool one = (hw1 & 0xFF20) == 0xED00; // VLDR, VSTR; else a list of hw2's low byte
        unsigned words = hw2 & 0x1Fu;
        return memory ? make(one ? 2 : 1 + words, CLASS_FP | CLASS_WORDS) : make(1, CLASS_FP);
    }
    bool multiply = (hw1 & 0xFF00) == 0xFB00;
    bool divide = (hw1 & 0xFFD0) == 0xFB90;
    return multiply && !divide ? make(1, 0) : timing_m3(hw1, hw2);
}
