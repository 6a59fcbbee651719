// The clocks of F1 (RM0008 section 7, RM0041 section 6 for F100).
#include "internal.h"

#define CFGR_PLLSRC   (1u << 16) // HSE
#define CFGR_PLLXTPRE (1u << 17)
#define CFGR2_PREDIV1 15u

static bool is_value_line(const struct board *b) {
    return b->part->max_hz <= 24000000u;
}

static uint32_t pll_hz(const struct board *b) {
    uint32_t mul = ((b->rcc.cfgr >> 18) & 15u) + 2;
    mul = mul > 16 ? 16 : mul;
    uint32_t in = rcc_hsi_hz(b) / 2;
    if (b->rcc.cfgr & CFGR_PLLSRC) {
        // F100 divides HSE by PREDIV1 (CFGR2), F103 by PLLXTPRE.
        uint32_t prediv = b->rcc.cfgr2 & CFGR2_PREDIV1;
        in = b->cfg.hse_hz / (prediv + 1);
        if ((b->rcc.cfgr & CFGR_PLLXTPRE) && !prediv) {
            in /= 2;
        }
    }
    return in * mul;
}

static bool pll_from_hsi(const struct board *b) {
    return !(b->rcc.cfgr & CFGR_PLLSRC);
}

static uint32_t uart_hz(const struct board *b, unsigned index) {
    return index == 0 ? b->pclk2 : b->pclk1;
}

static bool more_registers(struct board *b, uint32_t off, uint32_t *v, bool write) {
    if (off != 0x2C || !is_value_line(b)) {
        return false;
    }
    if (write) {
        b->rcc.cfgr2 = *v & CFGR2_PREDIV1;
        rcc_apply(b);
    } else {
        *v = b->rcc.cfgr2;
    }
    return true;
}

const struct clock_tree clocks_f1 = {
    .pll_hz = pll_hz,
    .pll_from_hsi = pll_from_hsi,
    .uart_hz = uart_hz,
    .pll_fields = 0x003F0000u, // PLLSRC, PLLXTPRE, PLLMUL
    .pclk1_max = 36000000u,
    .csr_flags = 0xFC000000u,
    .access = more_registers,
};
