// GPIO registers of F1 (RM0008 section 9).
#include "internal.h"

struct pin gpio_f1_pin(const struct board *b, int port, int bit) {
    const struct gpio *g = &b->gpio[port];
    unsigned mode = ((bit < 8 ? g->crl : g->crh) >> (4 * (bit & 7))) & 15u;
    unsigned cnf = mode >> 2;
    if (mode & 3u) {
        return (struct pin){
            .mode = (cnf & 2u) ? PIN_ALTERNATE : PIN_OUTPUT, .open_drain = cnf & 1u, .pull = -1};
    }
    return (struct pin){.mode = cnf == 0 ? PIN_ANALOG : PIN_INPUT,
                        .pull = (int8_t)(cnf == 2 ? (int)((g->odr >> bit) & 1u) : -1)};
}

uint32_t gpio_f1_read(struct board *b, const struct periph *p, uint32_t off) {
    const struct gpio *g = &b->gpio[p->index];
    switch (off) {
    case 0x00:
        return g->crl;
    case 0x04:
        return g->crh;
    case 0x08:
        return gpio_idr(b, p->index);
    case 0x0C:
        return g->odr;
    case 0x10: // BSRR, BRR: write only
    case 0x14:
        return 0;
    case 0x18:
        return g->lckr;
    default:
        board_unknown(b, p->base + off, false, 4);
        return 0;
    }
}

void gpio_f1_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                   unsigned size) {
    (void)size;
    struct gpio *g = &b->gpio[p->index];
    switch (off) {
    case 0x00:
        g->crl = v;
        usart_pins_changed(b);
        return;
    case 0x04:
        g->crh = v;
        usart_pins_changed(b);
        return;
    case 0x08:
        return; // IDR: read only
    case 0x0C:
        g->odr = v & 0xFFFFu;
        pair_pins_changed(b);
        return;
    case 0x10:
        gpio_set_reset(g, v);
        pair_pins_changed(b);
        return;
    case 0x14:
        g->odr &= ~(v & 0xFFFFu);
        pair_pins_changed(b);
        return;
    case 0x18:
        board_violation(b, p->base + off, "GPIO lock is not modelled");
        g->lckr = v;
        return;
    default:
        board_unknown(b, p->base + off, true, 4);
    }
}

void gpio_f1_reset(struct board *b, const struct periph *p) {
    struct gpio *g = &b->gpio[p->index];
    g->crl = g->crh = 0x44444444u;
    if (p->index == 0) { // JTAG pins after reset: PA13, PA15 pull-up, PA14 pull-down
        g->crh = 0x88844444u;
    }
    g->odr = p->index == 0 ? 0xA000u : 0;
    g->lckr = 0;
    usart_pins_changed(b);
}
