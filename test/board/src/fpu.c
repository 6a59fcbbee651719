// The floating-point unit's place in the core (ARM DDI 0403, B3.2.20): off after reset.
#include "internal.h"

#define CPACR      0xE000ED88u
#define CPACR_CP10 (3u << 20)
#define CPACR_CP11 (3u << 22)
#define CPACR_FULL (CPACR_CP10 | CPACR_CP11)

void fpu_reset(struct board *b) {
    b->scs.cpacr = 0;
}

bool fpu_register(struct board *b, uint32_t addr, uint32_t *v, bool write) {
    if (addr != CPACR) {
        return false;
    }
    if (write) {
        b->scs.cpacr = *v & CPACR_FULL;
    } else {
        *v = b->scs.cpacr;
    }
    return true;
}

bool fpu_use(struct board *b) {
    return (b->scs.cpacr & CPACR_FULL) == CPACR_FULL;
}
