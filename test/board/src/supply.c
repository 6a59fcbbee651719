// The supply, and the voltage detector that looks at it (RM0008 section 5.2.3; RM0091 and RM0316,
// same bits). Thresholds are the typical ones of DS5319 table 11.
#include "internal.h"

#define CR_PVDE  (1u << 4)
#define CSR_PVDO (1u << 2)

#define LOWEST_RISING_MV 2180u
#define STEP_MV          100u
#define HYSTERESIS_MV    100u
#define FLASH_MV         2000u // DS5319 table 28: programming voltage

static void look(struct board *b, bool enabled_now) {
    struct misc *m = &b->misc;
    uint32_t rising = LOWEST_RISING_MV + STEP_MV * (m->pwr_cr >> 5 & 7u);
    if (!(m->pwr_cr & CR_PVDE)) {
        m->pvd_low = false;
    } else if (b->supply_mv >= rising) {
        m->pvd_low = false;
    } else if (enabled_now || b->supply_mv < rising - HYSTERESIS_MV) {
        m->pvd_low = true;
    }
}

void board_supply(struct board *b, uint32_t mv) {
    b->supply_mv = mv;
    look(b, false);
}

uint32_t pvd_flag(const struct board *b) {
    return b->misc.pvd_low ? CSR_PVDO : 0;
}

// After a write of PWR_CR.
void pvd_changed(struct board *b, uint32_t old_cr) {
    if ((b->misc.pwr_cr & PWR_PVD) && !b->part->pvd) {
        board_violation(b, 0x40007000, "PWR_CR 0x%03X: %s has no PVD", b->misc.pwr_cr,
                        b->part->name);
    }
    look(b, !(old_cr & CR_PVDE));
}

bool supply_holds_flash(struct board *b, const char *what) {
    if (b->supply_mv < FLASH_MV) {
        board_violation(b, 0x40022000, "%s at %u mV, below %u", what, b->supply_mv, FLASH_MV);
        return false;
    }
    return true;
}
