// Option bytes (PM0075 section 2.5): read protection, watchdog selection, write protection.
#include "internal.h"

#define RDP_KEY 0xA5u

// Option bytes: value in the even byte, complement in the odd one; a pair that does not match
// reads as 0xFF, that is: protected.
static uint8_t option(const struct board *b, unsigned index, bool *bad) {
    const uint8_t *p = b->sysmem + OPTION_OFFSET + 2 * index;
    if ((p[0] ^ p[1]) == 0xFF) {
        return p[0];
    }
    *bad = true;
    return 0xFF;
}

void fpec_load_options(struct board *b) {
    bool bad = false, ignored = false;
    uint32_t obr = option(b, 0, &bad) == RDP_KEY ? 0 : 1u << 1;
    obr |= (uint32_t)(option(b, 1, &ignored) & 7u) << 2;
    obr |= (uint32_t)option(b, 2, &ignored) << 10 | (uint32_t)option(b, 3, &ignored) << 18;
    b->fpec.wrpr = 0;
    for (unsigned i = 0; i < 4; i++) {
        bool mismatch = false;
        uint32_t v = option(b, 4 + i, &mismatch);
        // Unlike RDP, an unprogrammed or broken WRP byte leaves its pages unprotected (0xFF).
        b->fpec.wrpr |= v << (8 * i);
    }
    b->fpec.obr = obr | (bad || ignored ? 1u : 0);
}

void fpec_default_options(struct board *b) {
    static const uint8_t factory[8] = {RDP_KEY, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    for (unsigned i = 0; i < 8; i++) {
        b->sysmem[OPTION_OFFSET + 2 * i] = factory[i];
        b->sysmem[OPTION_OFFSET + 2 * i + 1] = (uint8_t)~factory[i];
    }
}

// WRP: 4 KB a bit, the last bit covers the rest; with RDP the first 4 KB are protected too.
bool fpec_is_protected(const struct board *b, uint32_t off) {
    uint32_t bit = off / 4096u;
    bit = bit > 31 ? 31 : bit;
    return !((b->fpec.wrpr >> bit) & 1u) || ((b->fpec.obr & 2u) && bit == 0);
}
