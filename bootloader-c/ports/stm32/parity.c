// NMI on parts whose SRAM has parity, if the option byte turns it on: what nobody has written since
// power came fails when it is read, the mailbox first of all.
#include "cortexm.h"

// Writes all of SRAM, so that nothing can fail again, and resets. The stack is in there too, hence
// assembly.
__attribute__((naked, noreturn)) void nmi_handler(void) {
    __asm volatile(".syntax unified\n"
                   "ldr r0, =link_sram_begin\n"
                   "ldr r1, =link_sram_end\n"
                   "movs r2, #0\n"
                   "1: str r2, [r0]\n"
                   "adds r0, #4\n"
                   "cmp r0, r1\n"
                   "bne 1b\n"
                   "ldr r0, =0xe000ed0c\n" // AIRCR
                   "ldr r1, =0x05fa0004\n" // VECTKEY, SYSRESETREQ
                   "dsb\n"
                   "str r1, [r0]\n"
                   "dsb\n"
                   "b .\n"
                   ".ltorg\n");
}
