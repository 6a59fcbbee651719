// GPIO registers of F0 and F3 (RM0091 section 8, RM0316 section 11).
#include "internal.h"

struct pin gpio_v2_pin(const struct board *b, int port, int bit) {
    static const int modes[4] = {PIN_INPUT, PIN_OUTPUT, PIN_ALTERNATE, PIN_ANALOG};
    const struct gpio *g = &b->gpio[port];
    unsigned pull = (g->pupdr >> (2 * bit)) & 3u;
    return (struct pin){.mode = modes[(g->moder >> (2 * bit)) & 3u],
                        .open_drain = (g->otyper >> bit) & 1u,
                        .pull = pull == 1   ? 1
                                : pull == 2 ? 0
                                            : -1,
                        .af = (g->afr[bit / 8] >> (4 * (bit % 8))) & 15u};
}

// Registers that are only memory; NULL: not one of them.
static uint32_t *plain(struct gpio *g, uint32_t off) {
    switch (off) {
    case 0x00:
        return &g->moder;
    case 0x04:
        return &g->otyper;
    case 0x08:
        return &g->ospeedr;
    case 0x0C:
        return &g->pupdr;
    case 0x14:
        return &g->odr;
    case 0x1C:
        return &g->lckr;
    case 0x20:
    case 0x24:
        return &g->afr[(off - 0x20) / 4];
    default:
        return NULL;
    }
}

uint32_t gpio_v2_read(struct board *b, const struct periph *p, uint32_t off) {
    const uint32_t *r = plain(&b->gpio[p->index], off);
    if (r) {
        return *r;
    }
    if (off == 0x10) {
        return gpio_idr(b, p->index);
    }
    if (off != 0x18 && off != 0x28) { // BSRR, BRR: write only
        board_unknown(b, p->base + off, false, 4);
    }
    return 0;
}

void gpio_v2_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                   unsigned size) {
    struct gpio *g = &b->gpio[p->index];
    uint32_t *r = plain(g, off);
    if (r) {
        uint32_t mask = size == 4 ? UINT32_MAX : (1u << (8 * size)) - 1u;
        *r = (*r & ~mask) | (v & mask);
        g->odr &= 0xFFFFu;
        g->otyper &= 0xFFFFu;
    }
    switch (off) {
    case 0x10: // IDR: read only
    case 0x04:
    case 0x08:
    case 0x0C:
        return;
    case 0x14:
        pair_pins_changed(b);
        return;
    case 0x00:
    case 0x20:
    case 0x24:
        usart_pins_changed(b);
        return;
    case 0x18:
        gpio_set_reset(g, v);
        pair_pins_changed(b);
        return;
    case 0x1C:
        board_violation(b, p->base + off, "GPIO lock is not modelled");
        return;
    case 0x28:
        g->odr &= ~(v & 0xFFFFu);
        pair_pins_changed(b);
        return;
    default:
        board_unknown(b, p->base + off, true, size);
    }
}

// After reset the debug pins are alternate functions: PA13 with pull-up and PA14 with pull-down,
// on F3 the JTAG pins PA15 and PB4 (pull-up) and PB3 too.
void gpio_v2_reset(struct board *b, const struct periph *p) {
    struct gpio *g = &b->gpio[p->index];
    bool jtag = b->part->family == BOARD_FAMILY_F3;
    g->moder = g->otyper = g->ospeedr = g->pupdr = g->odr = g->lckr = 0;
    g->afr[0] = g->afr[1] = 0;
    if (p->index == 0) {
        g->moder = jtag ? 0xA8000000u : 0x28000000u;
        g->ospeedr = 0x0C000000u;
        g->pupdr = jtag ? 0x64000000u : 0x24000000u;
    } else if (p->index == 1 && jtag) {
        g->moder = 0x00000280u;
        g->ospeedr = 0x000000C0u;
        g->pupdr = 0x00000100u;
    }
    usart_pins_changed(b);
}

void gpio_v2_uart(const struct board *b, const struct uart_pin *pins, size_t count, unsigned index,
                  bool *tx, bool *rx) {
    *tx = *rx = false;
    for (size_t i = 0; i < count; i++) {
        struct pin pin = gpio_v2_pin(b, pins[i].port, pins[i].bit);
        if (pins[i].uart == index && pin.mode == PIN_ALTERNATE && pin.af == pins[i].af) {
            *(pins[i].tx ? tx : rx) = true;
        }
    }
}
