// Reset and clock control (RM0008 section 7, RM0041 section 6 for F100, RM0091 section 6, RM0316
// section 9). What differs between families is in rcc_f1.c and rcc_v2.c.
#include "internal.h"

#define CR_HSION  (1u << 0)
#define CR_HSIRDY (1u << 1)
#define CR_HSEON  (1u << 16)
#define CR_HSERDY (1u << 17)
#define CR_PLLON  (1u << 24)
#define CR_PLLRDY (1u << 25)

#define CSR_RMVF    (1u << 24)
#define CSR_PINRST  (1u << 26)
#define CSR_PORRST  (1u << 27)
#define CSR_SFTRST  (1u << 28)
#define CSR_IWDGRST (1u << 29)

// Start-up times: DS5319 tables 24 (HSI 1-2 us), 22 (HSE 2 ms typical), 27 (PLL 200 us max).
#define HSI_START_PS (2ull * 1000000)
#define HSE_START_PS (2000ull * 1000000)
#define PLL_LOCK_PS  (150ull * 1000000)

uint32_t rcc_hsi_hz(const struct board *b) {
    return b->cfg.hsi_hz ? b->cfg.hsi_hz : 8000000u;
}

static uint32_t apb_div(uint32_t field) {
    return (field & 4u) ? 2u << (field & 3u) : 1;
}

// The oscillator's tolerance is in the limits already.
static uint64_t with_tolerance(uint64_t hz) {
    return hz + hz / 20;
}

void rcc_check_latency(struct board *b) {
    uint64_t reach = b->family->wait_state_limit_hz * (b->wait_states + 1ull);
    reach = b->cfg.hsi_hz ? with_tolerance(reach) : reach;
    if (b->hclk > reach) {
        board_violation(b, 0x40022000, "HCLK %u Hz with %u flash wait states", b->hclk,
                        b->wait_states);
    }
}

uint32_t rcc_sysclk_hz(const struct board *b) {
    uint32_t sws = (b->rcc.cfgr >> 2) & 3u;
    return sws == 0 ? rcc_hsi_hz(b) : sws == 1 ? b->cfg.hse_hz : b->family->clocks->pll_hz(b);
}

void rcc_apply(struct board *b) {
    static const uint16_t ahb[8] = {2, 4, 8, 16, 64, 128, 256, 512};
    uint32_t cr = b->rcc.cr, sw = b->rcc.cfgr & 3u;
    static const uint32_t ready[4] = {CR_HSIRDY, CR_HSERDY, CR_PLLRDY, 0};
    if (cr & ready[sw]) { // the switch waits for its source
        b->rcc.cfgr = (b->rcc.cfgr & ~0xCu) | sw << 2;
    }
    const struct clock_tree *tree = b->family->clocks;
    uint32_t sys = rcc_sysclk_hz(b);
    uint32_t hpre = (b->rcc.cfgr >> 4) & 15u;
    uint32_t hclk = (hpre & 8u) ? sys / ahb[hpre & 7u] : sys;
    uint32_t pclk1 = hclk / apb_div((b->rcc.cfgr >> 8) & 7u);
    uint32_t pclk2 = tree->one_apb ? pclk1 : hclk / apb_div((b->rcc.cfgr >> 11) & 7u);
    if (hclk == b->hclk && pclk1 == b->pclk1 && pclk2 == b->pclk2) {
        return;
    }
    time_set_clock(b, hclk, pclk1, pclk2);
    systick_reschedule(b);
    timer_clock_changed(b);
    usart_clock_changed(b);
    if (hclk > (b->cfg.hsi_hz ? with_tolerance(b->part->max_hz) : b->part->max_hz)) {
        board_violation(b, 0x40021004, "HCLK %u Hz, the part is good for %u", hclk,
                        b->part->max_hz);
    }
    if (pclk1 > (b->cfg.hsi_hz ? with_tolerance(tree->pclk1_max) : tree->pclk1_max)) {
        board_violation(b, 0x40021004, "PCLK1 %u Hz, at most %u", pclk1, tree->pclk1_max);
    }
    rcc_check_latency(b);
}

void rcc_reset(struct board *b, enum board_reset_cause cause) {
    uint32_t flags = cause == BOARD_RESET_POWER ? 0 : b->rcc.csr & b->family->clocks->csr_flags;
    uint32_t bdcr = cause == BOARD_RESET_POWER ? 0 : b->rcc.bdcr;
    b->rcc = (struct rcc){.cr = 0x5083u, .cr2 = 0x80u, .ahbenr = 0x14u, .bdcr = bdcr};
    static const uint32_t cause_flag[BOARD_RESET_CAUSES] = {CSR_PORRST, 0, CSR_SFTRST, CSR_IWDGRST};
    // NRST is pulled low by internal resets too: PINRSTF comes with each of them.
    b->rcc.csr = flags | CSR_PINRST | cause_flag[cause];
    ev_at(b, EV_HSI, NEVER);
    ev_at(b, EV_HSE, NEVER);
    ev_at(b, EV_PLL, NEVER);
    time_set_clock(b, rcc_hsi_hz(b), rcc_hsi_hz(b), rcc_hsi_hz(b));
}

void rcc_event(struct board *b, int id) {
    b->rcc.cr |= id == EV_HSI ? CR_HSIRDY : id == EV_HSE ? CR_HSERDY : CR_PLLRDY;
    rcc_apply(b);
}

bool rcc_gate_on(const struct board *b, const struct periph *p) {
    uint32_t reg = p->gate == GATE_AHB    ? b->rcc.ahbenr
                   : p->gate == GATE_APB1 ? b->rcc.apb1enr
                                          : b->rcc.apb2enr;
    return (reg >> p->gate_bit) & 1u;
}

static void source(struct board *b, uint32_t on, uint32_t ready, uint32_t v, int event,
                   uint64_t start) {
    if ((v & on) && !(b->rcc.cr & on)) {
        b->rcc.cr |= on;
        ev_at(b, event, start == NEVER ? NEVER : now_ps(b) + start);
    } else if (!(v & on) && (b->rcc.cr & on)) {
        b->rcc.cr &= ~(on | ready);
        ev_at(b, event, NEVER);
    }
}

static void write_cr(struct board *b, uint32_t v) {
    uint32_t sws = (b->rcc.cfgr >> 2) & 3u;
    bool pll_hsi = b->family->clocks->pll_from_hsi(b);
    if (sws == 0 || (sws == 2 && pll_hsi)) {
        v |= CR_HSION; // in use: cannot be switched off
    }
    if (sws == 1 || (sws == 2 && !pll_hsi)) {
        v |= CR_HSEON;
    }
    if (sws == 2) {
        v |= CR_PLLON;
    }
    if (v & (1u << 19)) {
        board_violation(b, 0x40021000, "RCC_CR.CSSON is not modelled");
    }
    b->rcc.cr = (b->rcc.cr & ~0xF8u) | (v & 0xF8u);
    if ((v & (1u << 18)) && !(b->rcc.cr & CR_HSEON)) {
        b->rcc.cr |= 1u << 18;
    }
    source(b, CR_HSION, CR_HSIRDY, v, EV_HSI, HSI_START_PS);
    if ((v & CR_HSEON) && !(b->rcc.cr & CR_HSEON) && !b->cfg.hse_hz) {
        board_log(b,
                  "HSE is switched on, and this board has no crystal: HSERDY never comes, "
                  "--hse HZ gives it one (pc 0x%08X)",
                  b->pc);
    }
    source(b, CR_HSEON, CR_HSERDY, v, EV_HSE, b->cfg.hse_hz ? HSE_START_PS : NEVER);
    bool has_input = pll_hsi || (b->rcc.cr & CR_HSERDY);
    if ((v & CR_PLLON) && !(b->rcc.cr & CR_PLLON) && !has_input) {
        board_violation(b, 0x40021000, "PLL started from HSE before HSERDY");
    }
    source(b, CR_PLLON, CR_PLLRDY, v, EV_PLL, has_input ? PLL_LOCK_PS : NEVER);
    rcc_apply(b);
}

static void write_cfgr(struct board *b, uint32_t v) {
    const uint32_t pll = b->family->clocks->pll_fields;
    uint32_t old = b->rcc.cfgr;
    if ((b->rcc.cr & CR_PLLON) && ((old ^ v) & pll)) {
        board_violation(b, 0x40021004, "PLL configuration changed while the PLL is on");
        v = (v & ~pll) | (old & pll);
    }
    b->rcc.cfgr = (v & ~0xCu) | (old & 0xCu);
    rcc_apply(b);
}

// RSTR bits reset the peripherals behind them when written 1.
void rcc_pulse(struct board *b, enum gate gate, uint32_t v) {
    for (size_t i = 0; i < b->family->periph_count; i++) {
        const struct periph *p = &b->family->periphs[i];
        if (p->gate == gate && p->reset && p->reset_bit < 32 && (v >> p->reset_bit & 1u)) {
            p->reset(b, p);
        }
    }
}

void rcc_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size) {
    (void)size;
    struct rcc *r = &b->rcc;
    switch (off) {
    case 0x00:
        write_cr(b, v);
        return;
    case 0x04:
        write_cfgr(b, v);
        return;
    case 0x08:
        r->cir = v & 0x7F00u;
        if (r->cir) {
            board_violation(b, 0x40021008, "RCC interrupts are not modelled");
        }
        return;
    case 0x0C:
        r->apb2rstr = v;
        rcc_pulse(b, GATE_APB2, v);
        return;
    case 0x10:
        r->apb1rstr = v;
        rcc_pulse(b, GATE_APB1, v);
        return;
    case 0x14:
        r->ahbenr = v;
        return;
    case 0x18:
        r->apb2enr = v;
        return;
    case 0x1C:
        r->apb1enr = v;
        return;
    case 0x20:
        r->bdcr = v & 0x18305u;
        return;
    case 0x24:
        r->lsi = v & 1u;
        if (v & CSR_RMVF) {
            r->csr &= ~b->family->clocks->csr_flags;
        }
        return;
    default:
        if (b->family->clocks->access(b, off, &v, true)) {
            return;
        }
    }
    board_unknown(b, p->base + off, true, 4);
}

uint32_t rcc_read(struct board *b, const struct periph *p, uint32_t off) {
    const struct rcc *r = &b->rcc;
    switch (off) {
    case 0x00:
        return r->cr;
    case 0x04:
        return r->cfgr;
    case 0x08:
        return r->cir;
    case 0x0C:
        return r->apb2rstr;
    case 0x10:
        return r->apb1rstr;
    case 0x14:
        return r->ahbenr;
    case 0x18:
        return r->apb2enr;
    case 0x1C:
        return r->apb1enr;
    case 0x20:
        return r->bdcr;
    case 0x24: // LSI runs as soon as it, or the watchdog, is on
        return r->csr | (r->lsi || b->iwdg.running ? 2u : 0) | (r->lsi ? 1u : 0);
    default: {
        uint32_t v = 0;
        if (b->family->clocks->access(b, off, &v, false)) {
            return v;
        }
    }
    }
    board_unknown(b, p->base + off, false, 4);
    return 0;
}
