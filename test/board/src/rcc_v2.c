// The clocks of F0 (RM0091 section 6) and F3 (RM0316 section 9): PREDIV, a clock of its own for
// each USART, AHB resets. HSI48 and LSE are not modelled.
#include "internal.h"

#define CFGR_PLLSRC_HSE (1u << 16)
#define CFGR_PLLSRC_LOW (1u << 15) // two bits on the later F0: HSI / PREDIV, HSI48 / PREDIV
#define CFGR2_PREDIV    15u
#define CR2_HSI14ON     (1u << 0)
#define CR2_HSI14       0xFDu // its bits but HSI14RDY
#define CR2_HSI48ON     (1u << 16)
#define UART_PCLK       0u // CFGR3 USARTxSW
#define UART_SYSCLK     1u
#define UART_LSE        2u
#define UART_HSI        3u

// F030x8, F05x (0x440) and F03x (0x444) have PLLSRC in bit 16 only.
static bool has_hsi_prediv(const struct board *b) {
    return b->part->family == BOARD_FAMILY_F0 && b->part->dev_id != 0x440 &&
           b->part->dev_id != 0x444;
}

// PREDIV's lowest bit is PLLXTPRE of CFGR.
static uint32_t cfgr2(const struct board *b) {
    return b->rcc.cfgr2 | ((b->rcc.cfgr >> 17) & 1u);
}

static uint32_t pll_hz(const struct board *b) {
    uint32_t mul = ((b->rcc.cfgr >> 18) & 15u) + 2;
    uint32_t prediv = (cfgr2(b) & CFGR2_PREDIV) + 1;
    uint32_t in = rcc_hsi_hz(b) / 2;
    if (b->rcc.cfgr & CFGR_PLLSRC_HSE) {
        in = b->cfg.hse_hz / prediv;
    } else if ((b->rcc.cfgr & CFGR_PLLSRC_LOW) && has_hsi_prediv(b)) {
        in = rcc_hsi_hz(b) / prediv;
    }
    return in * (mul > 16 ? 16 : mul);
}

static bool pll_from_hsi(const struct board *b) {
    return !(b->rcc.cfgr & CFGR_PLLSRC_HSE);
}

static uint32_t uart_source(const struct board *b, unsigned index) {
    static const uint8_t shift[BOARD_UARTS] = {0, 16, 18};
    return (b->rcc.cfgr3 >> shift[index]) & 3u;
}

// F303x6/x8, F328 and F334; F301 and F302x6/x8.
static bool usart1_on_apb1(const struct board *b) {
    return b->part->dev_id == 0x438 || b->part->dev_id == 0x439;
}

static uint32_t uart_hz(const struct board *b, unsigned index) {
    switch (uart_source(b, index)) {
    case UART_PCLK:
        return index == 0 && !usart1_on_apb1(b) ? b->pclk2 : b->pclk1;
    case UART_SYSCLK:
        return rcc_sysclk_hz(b);
    case UART_HSI:
        return rcc_hsi_hz(b);
    case UART_LSE: // never starts: the USART stands still
    default:
        return 0;
    }
}

static void cfgr2_write(struct board *b, uint32_t v) {
    if (((v ^ cfgr2(b)) & CFGR2_PREDIV) && (b->rcc.cr & 1u << 24)) {
        board_violation(b, 0x4002102C, "PLL configuration changed while the PLL is on");
        return;
    }
    b->rcc.cfgr2 = v & ~1u;
    b->rcc.cfgr = (b->rcc.cfgr & ~(1u << 17)) | (v & 1u) << 17;
    rcc_apply(b);
}

static void cfgr3_write(struct board *b, uint32_t v) {
    b->rcc.cfgr3 = v;
    for (unsigned i = 0; i < BOARD_UARTS; i++) {
        if (uart_source(b, i) == UART_LSE) {
            board_violation(b, 0x40021030, "RCC_CFGR3 0x%08X: LSE is not modelled", v);
        }
    }
    usart_clock_changed(b);
}

static bool more_registers(struct board *b, uint32_t off, uint32_t *v, bool write) {
    struct rcc *r = &b->rcc;
    uint32_t *reg = off == 0x28   ? &r->ahbrstr
                    : off == 0x2C ? &r->cfgr2
                    : off == 0x30 ? &r->cfgr3
                                  : NULL;
    if (!reg) {
        return false;
    }
    if (!write) {
        *v = off == 0x2C ? cfgr2(b) : *reg;
    } else if (off == 0x28) {
        r->ahbrstr = *v;
        rcc_pulse(b, GATE_AHB, *v);
    } else if (off == 0x2C) {
        cfgr2_write(b, *v);
    } else {
        cfgr3_write(b, *v);
    }
    return true;
}

static bool more_registers_f0(struct board *b, uint32_t off, uint32_t *v, bool write) {
    if (off == 0x34) {
        if (!write) {
            *v = b->rcc.cr2 | (b->rcc.cr2 & CR2_HSI14ON) << 1; // ready at once
        } else if (*v & CR2_HSI48ON) {
            board_violation(b, 0x40021034, "RCC_CR2 0x%08X: HSI48 is not modelled", *v);
        } else {
            b->rcc.cr2 = *v & CR2_HSI14; // the ADC's oscillator: nothing here runs from it
        }
        return true;
    }
    return more_registers(b, off, v, write);
}

// RCC_CSR: PINRSTF and the like, and OBLRSTF (bit 25).
#define CSR_FLAGS 0xFE000000u

const struct clock_tree clocks_f0 = {
    .pll_hz = pll_hz,
    .pll_from_hsi = pll_from_hsi,
    .uart_hz = uart_hz,
    .pll_fields = 0x003F8000u, // PLLSRC, PLLXTPRE, PLLMUL
    .pclk1_max = 48000000u,
    .one_apb = true,
    .csr_flags = CSR_FLAGS,
    .access = more_registers_f0,
};

const struct clock_tree clocks_f3 = {
    .pll_hz = pll_hz,
    .pll_from_hsi = pll_from_hsi,
    .uart_hz = uart_hz,
    .pll_fields = 0x003F0000u,
    .pclk1_max = 36000000u,
    .csr_flags = CSR_FLAGS,
    .access = more_registers,
};
