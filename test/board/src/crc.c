// The CRC unit. F1: words, one polynomial, always from 0xFFFFFFFF (RM0008 section 4, RM0041 section
// 3). F0 and F3: data of any size, reversible, with a value to start from (RM0091, RM0360 and
// RM0316, sections on CRC). Other polynomials are not modelled.
#include "internal.h"

#define DR   0x00u
#define IDR  0x04u
#define CR   0x08u
#define INIT 0x10u // F0, F3

#define CR_RESET   (1u << 0)
#define CR_REV_IN  (3u << 5)
#define CR_REV_OUT (1u << 7)

enum { REV_NONE, REV_BYTES, REV_HALF_WORDS, REV_WORDS };

static uint32_t reversed(uint32_t v, unsigned bits) {
    uint32_t out = 0;
    for (unsigned i = 0; i < bits; i++) {
        out |= (v >> i & 1u) << (bits - 1 - i);
    }
    return out;
}

static void wait_until(struct board *b, uint64_t cycle) {
    if (b->cyc < cycle) {
        b->cyc = cycle;
    }
}

static void feed(struct board *b, uint32_t v, unsigned size) {
    struct crc *u = &b->crc;
    uint32_t polynomial = b->cfg.clone ? 0x1EDC6F41u : 0x04C11DB7u;
    uint32_t crc = u->dr ^ v << (32 - 8 * size);
    for (unsigned i = 0; i < 8 * size; i++) {
        crc = crc & 0x80000000u ? crc << 1 ^ polynomial : crc << 1;
    }
    u->dr = crc;
    // A byte takes a cycle of HCLK.
    u->ready = (b->cyc > u->ready ? b->cyc : u->ready) + size;
}

static void reset_unit(struct board *b) {
    b->crc.dr = b->crc.init;
}

// What is the same in both generations.
static uint32_t read_common(struct board *b, const struct periph *p, uint32_t off) {
    switch (off) {
    case DR:
        wait_until(b, b->crc.ready);
        return b->crc.dr;
    case IDR:
        return b->crc.idr;
    case CR:
        return b->crc.cr;
    default:
        board_unknown(b, p->base + off, false, 4);
        return 0;
    }
}

uint32_t crc_f1_read(struct board *b, const struct periph *p, uint32_t off) {
    return read_common(b, p, off);
}

void crc_f1_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                  unsigned size) {
    switch (off) {
    case DR:
        wait_until(b, b->crc.ready); // the bus stands still until then
        feed(b, v, size);
        return;
    case IDR:
        b->crc.idr = v & 0xFFu;
        return;
    case CR:
        if (v & ~CR_RESET) {
            board_violation(b, p->base + off, "CRC_CR 0x%08X: there is RESET alone", v);
        } else if (v) {
            reset_unit(b);
        }
        return;
    default:
        board_unknown(b, p->base + off, true, 4);
    }
}

uint32_t crc_v2_read(struct board *b, const struct periph *p, uint32_t off) {
    if (off == INIT) {
        return b->crc.init;
    }
    uint32_t v = read_common(b, p, off);
    return off == DR && (b->crc.cr & CR_REV_OUT) ? reversed(v, 32) : v;
}

// Each byte, half-word or word of the data by itself. What a wider reversal makes of narrower data
// is not documented, and differs between families.
static uint32_t reverse_in(struct board *b, uint32_t v, unsigned size) {
    static const uint8_t widths[] = {[REV_BYTES] = 1, [REV_HALF_WORDS] = 2, [REV_WORDS] = 4};
    unsigned width = widths[(b->crc.cr & CR_REV_IN) >> 5];
    if (width > size) {
        board_violation(b, 0x40023000, "CRC_DR: %u bytes, REV_IN reverses %u", size, width);
    }
    if (width == 0 || width > size) {
        return v;
    }
    uint32_t out = 0, mask = 0xFFFFFFFFu >> (32 - 8 * width);
    for (unsigned at = 0; at < 8 * size; at += 8 * width) {
        out |= reversed(v >> at & mask, 8 * width) << at;
    }
    return out;
}

void crc_v2_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                  unsigned size) {
    struct crc *u = &b->crc;
    switch (off) {
    case DR:
        // A buffer takes the next data while the unit works on the last.
        wait_until(b, u->buffered);
        u->buffered = u->ready;
        feed(b, reverse_in(b, v, size), size);
        return;
    case IDR:
        u->idr = v & 0xFFu;
        return;
    case CR:
        if (v & ~(CR_RESET | CR_REV_IN | CR_REV_OUT)) {
            board_violation(b, p->base + off, "CRC_CR 0x%08X: other polynomials are not modelled",
                            v);
            return;
        }
        u->cr = v & ~CR_RESET;
        if (v & CR_RESET) {
            reset_unit(b);
        }
        return;
    case INIT:
        u->init = u->dr = v;
        return;
    default:
        board_unknown(b, p->base + off, true, 4);
    }
}

void crc_reset(struct board *b, const struct periph *p) {
    (void)p;
    b->crc = (struct crc){.dr = UINT32_MAX, .init = UINT32_MAX};
}
