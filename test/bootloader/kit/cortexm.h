// In the place of the Cortex-M's, for tests of the app kit on a PC: the mailbox is memory of the
// test, and a reset comes back to it.
#ifndef CORTEXM_H
#define CORTEXM_H

#include <stdint.h>

extern uint8_t test_mailbox[];

#define MAILBOX test_mailbox

void mask_interrupts(void);
_Noreturn void system_reset(void);

#endif
