// GPIO of F1 (RM0008 section 9): modes, pulls, and what the board's wiring drives.
#include <ctype.h>
#include <stdlib.h>

#include "internal.h"

unsigned gpio_mode(const struct board *b, int port, int bit) {
    const struct gpio *g = &b->gpio[port];
    return ((bit < 8 ? g->crl : g->crh) >> (4 * (bit & 7))) & 15u;
}

// A floating input reads noise: a firmware that needs a level must not rely on one.
static unsigned floating(const struct board *b, int port, int bit) {
    uint64_t h = (now_ps(b) / BOARD_PS_PER_US + b->cfg.seed) * 0x9E3779B97F4A7C15ull;
    return (unsigned)(h >> (33 + (port * 5 + bit) % 31)) & 1u;
}

static unsigned level(const struct board *b, int port, int bit) {
    const struct gpio *g = &b->gpio[port];
    unsigned mode = gpio_mode(b, port, bit), odr = (g->odr >> bit) & 1u;
    unsigned cnf = mode >> 2;
    if (mode & 3u) { // output
        bool open_drain = cnf & 1u;
        unsigned out = (cnf & 2u) ? 1 : odr; // alternate function: a line at rest
        if (open_drain && out) {
            return g->drive[bit] >= 0 ? (unsigned)g->drive[bit] : floating(b, port, bit);
        }
        return out;
    }
    if (cnf == 0) { // analog: the input buffer is off
        return 0;
    }
    if (g->drive[bit] >= 0) {
        return (unsigned)g->drive[bit];
    }
    return cnf == 2 ? odr : floating(b, port, bit);
}

uint32_t gpio_read(struct board *b, const struct periph *p, uint32_t off) {
    const struct gpio *g = &b->gpio[p->index];
    switch (off) {
    case 0x00:
        return g->crl;
    case 0x04:
        return g->crh;
    case 0x08: {
        uint32_t v = 0;
        for (int i = 0; i < 16; i++) {
            v |= (uint32_t)level(b, p->index, i) << i;
        }
        return v;
    }
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

void gpio_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size) {
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
        return;
    case 0x10: // set wins over reset
        g->odr = (g->odr & ~(v >> 16)) | (v & 0xFFFFu);
        return;
    case 0x14:
        g->odr &= ~(v & 0xFFFFu);
        return;
    case 0x18:
        board_violation(b, p->base + off, "GPIO lock is not modelled");
        g->lckr = v;
        return;
    default:
        board_unknown(b, p->base + off, true, 4);
    }
}

void gpio_reset(struct board *b, const struct periph *p) {
    struct gpio *g = &b->gpio[p->index];
    g->crl = g->crh = 0x44444444u;
    if (p->index == 0) { // JTAG pins after reset: PA13, PA15 pull-up, PA14 pull-down
        g->crh = 0x88844444u;
    }
    g->odr = p->index == 0 ? 0xA000u : 0;
    g->lckr = 0;
    usart_pins_changed(b);
}

bool board_pin_parse(const char *text, int *port, int *bit) {
    if ((text[0] != 'P' && text[0] != 'p') || !isalpha((unsigned char)text[1]) ||
        !isdigit((unsigned char)text[2])) {
        return false;
    }
    char *end;
    long n = strtol(text + 2, &end, 10);
    int which = toupper((unsigned char)text[1]) - 'A';
    if (*end || n < 0 || n > 15 || which > 6) {
        return false;
    }
    *port = which;
    *bit = (int)n;
    return true;
}

void board_pin_drive(struct board *b, int port, int bit, int level_) {
    b->gpio[port].drive[bit] = (int8_t)level_;
}

int board_pin_output(const struct board *b, int port, int bit) {
    unsigned mode = gpio_mode(b, port, bit);
    if (b->state == BOARD_OFF || !(mode & 3u) || (mode & 4u)) {
        return -1;
    }
    return (int)level(b, port, bit);
}
