// How deep the bootloader's stack is, against what was reserved for it: on silicon a stack that
// grows into the variables below it is seen by nobody. Looked at behind each instruction that makes
// room on it.
#include <string.h>

#include "internal.h"

#define ANY_REGISTER 0xFF87u // of "OP sp, Rm" (T2 encodings)

// ARM DDI 0403, A7.7: PUSH, SUB, ADD and MOV to SP; STMDB, STRD, STR and VPUSH with write-back.
static bool makes_room(uint16_t hw1, uint16_t hw2) {
    return (hw1 & 0xFE00u) == 0xB400u || (hw1 & 0xFF80u) == 0xB080u ||
           (hw1 & ANY_REGISTER) == 0x4485u || (hw1 & ANY_REGISTER) == 0x4685u || hw1 == 0xE92Du ||
           hw1 == 0xE96Du || (hw1 & 0xFFBFu) == 0xED2Du ||
           (hw1 == 0xF84Du && (hw2 & 0x0F00u) == 0x0D00u) ||
           ((hw1 & 0xFBFFu) == 0xF1ADu && (hw2 & 0x0F00u) == 0x0D00u) ||
           ((hw1 & 0xFBFFu) == 0xF2ADu && (hw2 & 0x0F00u) == 0x0D00u);
}

uint16_t stack_class(uint16_t hw1, uint16_t hw2) {
    return makes_room(hw1, hw2) ? CLASS_STACK : 0;
}

void stack_check(struct board *b) {
    if (!board_in_bootloader(b)) {
        b->stack_own = false; // an application may jump to the bootloader with its own
        return;
    }
    uint32_t top, sp = cpu_reg(b, UC_ARM_REG_SP);
    memcpy(&top, b->flash, sizeof top);
    b->stack_own = b->stack_own || (sp <= top && top - sp <= b->cfg.stack_bytes);
    if (!b->stack_own || sp > top) {
        return;
    }
    if (top - sp > b->counters.stack_used) {
        b->counters.stack_used = top - sp;
    }
    if (top - sp > b->cfg.stack_bytes) {
        board_violation(b, sp, "%u bytes of stack, %u are reserved", top - sp, b->cfg.stack_bytes);
    }
}
