// Pins: levels, pulls, and what the board's wiring drives. Registers are in gpio_f1.c, gpio_v2.c.
#include <ctype.h>
#include <stdlib.h>

#include "internal.h"

// A floating input reads noise: a firmware that needs a level must not rely on one.
static unsigned floating(const struct board *b, int port, int bit) {
    uint64_t h = (now_ps(b) / BOARD_PS_PER_US + b->cfg.seed) * 0x9E3779B97F4A7C15ull;
    return (unsigned)(h >> (33 + (port * 5 + bit) % 31)) & 1u;
}

static unsigned level(const struct board *b, int port, int bit) {
    const struct gpio *g = &b->gpio[port];
    struct pin pin = b->family->pin(b, port, bit);
    unsigned outside = g->drive[bit] >= 0 ? (unsigned)g->drive[bit]
                       : pin.pull >= 0    ? (unsigned)pin.pull
                                          : floating(b, port, bit);
    if (pin.mode == PIN_ANALOG) { // the input buffer is off
        return 0;
    }
    if (pin.mode == PIN_INPUT) {
        return outside;
    }
    unsigned out = pin.mode == PIN_ALTERNATE ? 1 : (g->odr >> bit) & 1u; // a line at rest
    return pin.open_drain && out ? outside : out;
}

uint32_t gpio_idr(const struct board *b, int port) {
    uint32_t v = 0;
    for (int i = 0; i < 16; i++) {
        v |= (uint32_t)level(b, port, i) << i;
    }
    return v;
}

void gpio_set_reset(struct gpio *g, uint32_t bsrr) {
    g->odr = (g->odr & ~(bsrr >> 16)) | (bsrr & 0xFFFFu);
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
    struct pin pin = b->family->pin(b, port, bit);
    if (b->state == BOARD_OFF || (pin.mode != PIN_OUTPUT && pin.mode != PIN_ALTERNATE) ||
        pin.open_drain) {
        return -1;
    }
    return (int)level(b, port, bit);
}
