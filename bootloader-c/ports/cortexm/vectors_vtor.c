// Vector tables on cores with a vector table offset register: Cortex-M3, M4.
#include "cortexm.h"

void vectors_use(uint32_t address) {
    SCB_VTOR = address;
    data_barrier();
}

void vectors_own(uint32_t address) {
    vectors_use(address);
}

uint32_t vectors_address(void) {
    return SCB_VTOR;
}
