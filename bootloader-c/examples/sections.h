// What a reset handler does before main: variables with a value get it from flash, all others are
// zero. Names of ST's linker scripts, and of linker/app.ld.
#ifndef SECTIONS_H
#define SECTIONS_H

#include <stdint.h>

extern uint32_t _estack[];
extern uint32_t _sdata[];
extern uint32_t _edata[];
extern const uint32_t _sidata[];
extern uint32_t _sbss[];
extern uint32_t _ebss[];

static inline void sections_init(void) {
    const uint32_t *from = _sidata;
    for (uint32_t *to = _sdata; to < _edata; to++) {
        *to = *from++;
    }
    for (uint32_t *to = _sbss; to < _ebss; to++) {
        *to = 0;
    }
}

#endif
