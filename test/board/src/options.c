// Option bytes (PM0075 section 2.5, RM0091 and RM0316 section 4): read protection, watchdog
// selection, write protection. Loaded at each reset.
#include "internal.h"

#define WDG_SW        (1u << 0) // of the user byte
#define OBR_PROTECTED (1u << 1)
#define OBR_FOR_EVER  (1u << 2) // F0, F3: level 2
#define RAM_PARITY    (1u << 6) // F0, F3: clear to check

// Option bytes: value in the even byte, complement in the odd one; a pair that does not match
// reads as 0xFF, that is: protected. Two blank bytes are no mismatch.
static uint8_t option(const struct board *b, unsigned index, bool *bad) {
    const uint8_t *p = b->sysmem + OPTION_OFFSET + 2 * index;
    if ((p[0] ^ p[1]) == 0xFF) {
        return p[0];
    }
    *bad = *bad || (p[0] & p[1]) != 0xFF;
    return 0xFF;
}

void fpec_load_options(struct board *b) {
    bool bad = false, ignored = false;
    const struct option_layout *l = b->family->options;
    uint8_t rdp = option(b, 0, &bad), user = option(b, 1, &ignored);
    user = b->cfg.ram_parity ? (uint8_t)(user & ~RAM_PARITY) : user;
    b->fpec.read_protected = rdp != l->rdp_open;
    b->fpec.hardware_watchdog = !(user & WDG_SW);
    uint32_t obr = b->fpec.read_protected ? OBR_PROTECTED : 0;
    if (l->rdp_for_ever != 0 && rdp == l->rdp_for_ever) {
        obr |= OBR_FOR_EVER;
    }
    obr |= (uint32_t)(user & l->user_mask) << l->user_shift;
    obr |= (uint32_t)option(b, 2, &ignored) << l->data_shift;
    obr |= (uint32_t)option(b, 3, &ignored) << (l->data_shift + 8);
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
    for (unsigned i = 0; i < 8; i++) {
        uint8_t value = i ? 0xFF : b->family->options->rdp_open;
        b->sysmem[OPTION_OFFSET + 2 * i] = value;
        b->sysmem[OPTION_OFFSET + 2 * i + 1] = (uint8_t)~value;
    }
}

// WRP: 4 KB a bit, the last bit covers the rest; on F1 RDP protects the first 4 KB too.
bool fpec_is_protected(const struct board *b, uint32_t off) {
    uint32_t bit = off / 4096u;
    bit = bit > 31 ? 31 : bit;
    return !((b->fpec.wrpr >> bit) & 1u) ||
           (b->fpec.read_protected && b->family->options->rdp_protects_start && bit == 0);
}
