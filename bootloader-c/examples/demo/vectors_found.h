// Where the reset handler found the vector table that was in force: what the bootloader left.
#ifndef VECTORS_FOUND_H
#define VECTORS_FOUND_H

#include <stdint.h>

extern uint32_t vectors_found;

#endif
