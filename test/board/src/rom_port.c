// The registers that the ROM bootloader sets (AN2606): HSI through the PLL at 24 MHz, USART1 on PA9
// and PA10 with even parity, the watchdog at its longest period. What differs between families is
// data.
#include "internal.h"
#include "rom.h"
#include "usart.h"

#define USART1 0x40013800u
#define RCC    0x40021000u
#define FLASH  0x40022000u
#define IWDG   0x40003000u

#define RCC_CR      0x00u
#define RCC_CFGR    0x04u
#define RCC_AHBENR  0x14u
#define RCC_APB2ENR 0x18u
#define PLLON       (1u << 24)
#define PLLMUL_6    (4u << 18)
#define SW_PLL      2u
#define SYSCFGEN    1u
#define USART1EN    (1u << 14)
#define SR_TXE_TC   (SR_TXE | SR_TC)
#define CR1_8E1     (1u << 12 | 1u << 10 | 1u << 3 | 1u << 2) // M, PCE, TE, RE

// One register written once
struct setting {
    uint32_t base, reg, value;
};

#define PIN_SETTINGS 5

struct rom_registers {
    struct setting pins[PIN_SETTINGS];        // and their clocks, in this order; base 0: none
    uint32_t sr, icr, rdr, tdr, brr, cr1, ue; // icr 0: none
};

static const struct rom_registers v1 = {
    .pins = {{RCC, RCC_APB2ENR, USART1EN | 1u << 2},
             {0x40010800u, 0x04u, 0x444448B4u}, // PA9 alternate function, PA10 input with pull
             {0x40010800u, 0x10u, 1u << 10}},
    .sr = 0x00,
    .rdr = 0x04,
    .tdr = 0x04,
    .brr = 0x08,
    .cr1 = 0x0C,
    .ue = 1u << 13,
};

// af: alternate function number of the two pins
#define V2(af)                                                                                     \
    {                                                                                              \
        .pins = {{RCC, RCC_APB2ENR, USART1EN | SYSCFGEN},                                          \
                 {RCC, RCC_AHBENR, 0x14u | 1u << 17},                                              \
                 {0x48000000u, 0x24u, (af) << 4 | (af) << 8},                                      \
                 {0x48000000u, 0x0Cu, 0x24100000u},                                                \
                 {0x48000000u, 0x00u, 0x28280000u}},                                               \
        .sr = 0x1C, .icr = 0x20, .rdr = 0x24, .tdr = 0x28, .brr = 0x0C, .cr1 = 0x00, .ue = 1u,     \
    }

static const struct rom_registers v2_f0 = V2(1u);
static const struct rom_registers v2_f3 = V2(7u);

static const struct rom_registers *registers(const struct board *b) {
    static const struct rom_registers *const by_family[] = {
        [BOARD_FAMILY_F0] = &v2_f0, [BOARD_FAMILY_F1] = &v1, [BOARD_FAMILY_F3] = &v2_f3};
    return by_family[b->part->family];
}

static void set(struct board *b, uint32_t base, uint32_t reg, uint32_t value) {
    bus_write(b, base + reg, value, 4);
}

static uint32_t get(struct board *b, uint32_t base, uint32_t reg) {
    return bus_read(b, base + reg, 4);
}

void rom_port_clock_start(struct board *b) {
    set(b, RCC, RCC_CFGR, PLLMUL_6);
    set(b, RCC, RCC_CR, get(b, RCC, RCC_CR) | PLLON);
    for (const struct setting *s = registers(b)->pins;
         s < registers(b)->pins + PIN_SETTINGS && s->base; s++) {
        set(b, s->base, s->reg, s->value);
    }
}

void rom_port_clock_ready(struct board *b) {
    set(b, RCC, RCC_CFGR, PLLMUL_6 | SW_PLL);
    set(b, IWDG, 0x00, 0x5555u);
    set(b, IWDG, 0x04, 6u);
}

void rom_port_uart_start(struct board *b, uint64_t bit_ps) {
    const struct rom_registers *r = registers(b);
    uint64_t brr = (bit_ps * b->pclk2 + BOARD_PS_PER_S / 2) / BOARD_PS_PER_S;
    set(b, USART1, r->brr, brr > 0xFFFF ? 0xFFFF : (uint32_t)brr);
    set(b, USART1, r->cr1, CR1_8E1 | r->ue);
}

bool rom_port_receive(struct board *b, uint8_t *byte, bool *bad) {
    const struct rom_registers *r = registers(b);
    uint32_t status = get(b, USART1, r->sr);
    if (r->icr && (status & SR_ORE)) { // F1 clears it by the two reads below
        set(b, USART1, r->icr, SR_ORE);
    }
    if (!(status & SR_RXNE)) {
        return false;
    }
    *byte = (uint8_t)get(b, USART1, r->rdr);
    *bad = (status & (SR_PE | SR_FE | SR_NE)) != 0;
    return true;
}

bool rom_port_can_send(const struct board *b) {
    return (b->uart[0].sr & SR_TXE_TC) == SR_TXE_TC;
}

void rom_port_send(struct board *b, uint8_t byte) {
    const struct rom_registers *r = registers(b);
    (void)get(b, USART1, r->sr); // F1: with the write that follows, clears TC
    set(b, USART1, r->tdr, byte);
}

void rom_port_feed_watchdog(struct board *b) {
    set(b, IWDG, 0x00, 0xAAAAu);
}

void rom_port_flash_write(struct board *b, uint32_t reg, uint32_t value) {
    set(b, FLASH, reg, value);
}
