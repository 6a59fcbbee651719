#include "cortexm.h"

void systick_start(struct systick *systick, uint32_t clock_hz) {
    SYST_RVR = SYST_MASK;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_ENABLE;
    *systick = (struct systick){.per_ms = clock_hz / 8000u, .last = SYST_CVR};
}

uint32_t systick_ms(struct systick *systick) {
    uint32_t now = SYST_CVR;
    systick->rest += (systick->last - now) & SYST_MASK;
    systick->last = now;
    systick->ms += systick->rest / systick->per_ms;
    systick->rest %= systick->per_ms;
    return systick->ms;
}
