// Hand-over to a program.
#include "cortexm.h"

// No stack variable may live across the change of the stack pointer, hence assembly.
__attribute__((naked, noreturn)) static void branch(__attribute__((unused)) uint32_t stack,
                                                    __attribute__((unused)) uint32_t entry) {
    __asm volatile("msr msp, r0\n"
                   "isb\n"
                   "cpsie i\n"
                   "bx r1\n");
}

_Noreturn void start_program(uint32_t vectors) {
    const uint32_t *table = (const uint32_t *)(uintptr_t)vectors;
    vectors_use(vectors);
    branch(table[0], table[1]);
}
