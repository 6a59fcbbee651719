// What an interrupted flash operation leaves behind: half-words with some of their bits done,
// pages of old, blank and garbage cells, and cells that are not certain. A weak bit reads as it
// was rolled at power-up, or (noisy cells) anew at each read; a page erase cut near its end may
// read blank for a power-up or two and drift later. Only an erase, or programming the bit to 0,
// makes a bit certain again.
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static void set_mask(struct board *b, uint32_t off, uint16_t mask) {
    struct weak_cell *c = &b->weak[off / 2];
    if (c->mask && !mask) {
        b->weak_count--;
    } else if (!c->mask && mask) {
        b->weak_count++;
    }
    c->mask = mask;
}

bool cells_set_weak(struct board *b, uint32_t off, struct weak_cell cell) {
    if (!b->weak) {
        b->weak = calloc(b->part->flash_size / 2, sizeof *b->weak);
        if (!b->weak) {
            return false;
        }
    }
    set_mask(b, off, cell.mask);
    b->weak[off / 2] = cell;
    return true;
}

void cells_forget(struct board *b) {
    free(b->weak);
    b->weak = NULL;
    b->weak_count = 0;
}

static void roll(struct board *b, uint32_t off) {
    uint16_t v, mask = b->weak[off / 2].mask;
    memcpy(&v, b->flash + off, 2);
    v = (uint16_t)((v & ~mask) | (rng_next(&b->rng_weak) & mask));
    if (b->trying) {
        return; // flash could not be put back; that the stream has moved on is seen
    }
    memcpy(b->flash + off, &v, 2);
}

void cells_before_read(struct board *b, uint32_t off, uint32_t n) {
    for (uint32_t o = off & ~1u; o < off + n; o += 2) {
        const struct weak_cell *c = &b->weak[o / 2];
        if (c->mask && c->noisy && !c->rest) {
            roll(b, o);
        }
    }
}

void cells_power_up(struct board *b) {
    for (uint32_t o = 0; b->weak_count && o < b->part->flash_size; o += 2) {
        struct weak_cell *c = &b->weak[o / 2];
        if (!c->mask) {
            continue;
        }
        if (c->rest > 1) {
            c->rest--;
        } else {
            c->rest = 0;
            roll(b, o);
            cpu_flash_changed(b, o, o + 2);
        }
    }
}

void cells_programmed(struct board *b, uint32_t off, uint16_t value) {
    if (b->weak_count) {
        set_mask(b, off, b->weak[off / 2].mask & value);
    }
}

void cells_firm(struct board *b, uint32_t off, uint32_t n) {
    for (uint32_t o = off; b->weak_count && o < off + n; o += 2) {
        set_mask(b, o, 0);
    }
}

// Bits set with probability p/16.
static uint16_t random_bits(struct board *b, unsigned p) {
    uint16_t v = 0;
    for (int i = 0; i < 16; i++) {
        if (rng_below(&b->rng_tear, 16) < p) {
            v |= (uint16_t)(1u << i);
        }
    }
    return v;
}

static void tear_program(struct board *b, uint8_t *cell, uint32_t off, bool option) {
    uint16_t old = b->fpec.op_old, goal = b->fpec.op_new;
    uint16_t moving = (uint16_t)(old & ~goal);
    unsigned progress = rng_below(&b->rng_tear, 17);
    uint16_t v = (uint16_t)(old & ~(moving & random_bits(b, progress)));
    memcpy(cell, &v, 2);
    if (!option) {
        // Half-way charge is least certain; the ends of the pulse leave little doubt.
        unsigned doubt = progress < 8 ? progress : 16 - progress;
        struct weak_cell c = {.mask = moving & random_bits(b, doubt),
                              .noisy = rng_below(&b->rng_tear, 2) != 0};
        if (progress < 16) { // what was in doubt before still is
            c.mask |= b->fpec.op_weak;
        }
        cells_set_weak(b, off, c);
    }
}

static void tear_erase(struct board *b) {
    uint32_t off = b->fpec.op_off, size = b->fpec.erase_size;
    unsigned kind = rng_below(&b->rng_tear, 4);
    uint8_t rest = (uint8_t)(2 + rng_below(&b->rng_tear, 2)); // quiet for a power-up or two
    for (uint32_t i = 0; i < size; i += 2) {
        uint16_t old, v = 0xFFFF;
        struct weak_cell c = {0};
        memcpy(&old, b->fpec.page_old + i, 2);
        uint16_t rising = (uint16_t)~old; // bits the erase had to move
        switch (kind) {
        case 0: // cut at the start: old contents, some cells in doubt
            v = old;
            c.mask = rng_below(&b->rng_tear, 8) ? 0 : rising & random_bits(b, 4);
            c.noisy = rng_below(&b->rng_tear, 2) != 0;
            c.rest = rest;
            break;
        case 1: // cut near the end: blank for now
            c.mask = rng_below(&b->rng_tear, 4) ? 0 : rising & random_bits(b, 8);
            c.noisy = rng_below(&b->rng_tear, 2) != 0;
            c.rest = rest;
            break;
        default: // a mix
            switch (rng_below(&b->rng_tear, 3)) {
            case 0:
                v = old;
                break;
            case 1:
                break;
            default:
                v = (uint16_t)(old | random_bits(b, 8));
                c.mask = rising & random_bits(b, 6);
                c.noisy = rng_below(&b->rng_tear, 2) != 0;
                break;
            }
        }
        memcpy(b->flash + off + i, &v, 2);
        cells_set_weak(b, off + i, c);
    }
}

void cells_tear(struct board *b) {
    struct fpec *f = &b->fpec;
    if (!f->busy) {
        return;
    }
    f->busy = false;
    if (f->option) {
        if (f->kind == BOARD_FLASH_PROGRAM) {
            tear_program(b, b->sysmem + OPTION_OFFSET + f->op_off, 0, true);
        }
        return;
    }
    if (f->kind == BOARD_FLASH_PROGRAM) {
        tear_program(b, b->flash + f->op_off, f->op_off, false);
        cpu_flash_changed(b, f->op_off, f->op_off + 2);
    } else {
        tear_erase(b);
        cpu_flash_changed(b, f->op_off, f->op_off + f->erase_size);
    }
}
