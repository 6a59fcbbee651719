// Small blocks: PWR; of F1 backup registers, AFIO (RM0008 sections 5, 6, 9).
#include <string.h>

#include "internal.h"

#define PWR_DBP (1u << 8)

void misc_reset(struct board *b, bool power) {
    struct misc *m = &b->misc;
    struct misc old = *m;
    memset(m, 0, sizeof *m);
    if (!power) { // the backup domain is reset by power only
        memcpy(m->bkp, old.bkp, sizeof m->bkp);
        memcpy(m->rtc_bkp, old.rtc_bkp, sizeof m->rtc_bkp);
    }
}

uint32_t pwr_read(struct board *b, const struct periph *p, uint32_t off) {
    if (off <= 4) {
        return off ? b->misc.pwr_csr | pvd_flag(b) : b->misc.pwr_cr;
    }
    board_unknown(b, p->base + off, false, 4);
    return 0;
}

void pwr_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size) {
    (void)size;
    if (off > 4) {
        board_unknown(b, p->base + off, true, 4);
    } else if (off == 0) {
        if (v & 0x3u) {
            board_violation(b, p->base, "PWR_CR 0x%03X: deep sleep is not modelled", v);
        }
        uint32_t old = b->misc.pwr_cr;
        b->misc.pwr_cr = v & 0x1F3u;
        pvd_changed(b, old);
    } else {
        b->misc.pwr_csr = v & 0x100u;
    }
}

// DR1-10 at 0x04, DR11-42 at 0x40 on high density parts.
static uint16_t *bkp_data(struct board *b, uint32_t off) {
    if (off >= 0x04 && off <= 0x28) {
        return &b->misc.bkp[off / 4 - 1];
    }
    if (off >= 0x40 && off <= 0xBC && b->part->flash_size >= 256 * 1024) {
        return &b->misc.bkp[10 + (off - 0x40) / 4];
    }
    return NULL;
}

uint32_t bkp_read(struct board *b, const struct periph *p, uint32_t off) {
    const uint16_t *d = bkp_data(b, off);
    if (d) {
        return *d;
    }
    if (off < 0x2C || off > 0x34) { // RTCCR, CR, CSR: at rest
        board_unknown(b, p->base + off, false, 4);
    }
    return 0;
}

void bkp_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size) {
    (void)size;
    uint16_t *d = bkp_data(b, off);
    if (!d) {
        board_unknown(b, p->base + off, true, 4);
    } else if (!(b->misc.pwr_cr & PWR_DBP)) {
        board_violation(b, p->base + off, "backup register written with PWR_CR.DBP clear");
    } else {
        *d = (uint16_t)v;
    }
}

static uint32_t *afio_reg(struct board *b, uint32_t off) {
    if (off >= 0x08 && off <= 0x14) {
        return &b->misc.afio_exticr[(off - 8) / 4];
    }
    return off == 0      ? &b->misc.afio_evcr
           : off == 4    ? &b->misc.afio_mapr
           : off == 0x1C ? &b->misc.afio_mapr2
                         : NULL;
}

uint32_t afio_read(struct board *b, const struct periph *p, uint32_t off) {
    const uint32_t *r = afio_reg(b, off);
    if (!r) {
        board_unknown(b, p->base + off, false, 4);
        return 0;
    }
    return *r;
}

void afio_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size) {
    (void)size;
    uint32_t *r = afio_reg(b, off);
    if (!r) {
        board_unknown(b, p->base + off, true, 4);
        return;
    }
    *r = v;
    usart_pins_changed(b);
}

void afio_reset(struct board *b, const struct periph *p) {
    (void)p;
    b->misc.afio_evcr = b->misc.afio_mapr = b->misc.afio_mapr2 = 0;
    memset(b->misc.afio_exticr, 0, sizeof b->misc.afio_exticr);
    usart_pins_changed(b);
}
