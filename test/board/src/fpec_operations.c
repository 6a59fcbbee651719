// What the flash controller does: erase and program, how long it takes, what it refuses.
#include <string.h>

#include "fpec.h"
#include "internal.h"

#define OPTION_BYTES 16u
#define NS           1000ull // in ps
#define US           1000000ull
#define MS           1000000000ull

static uint64_t duration(struct board *b, enum board_flash_kind kind) {
    const struct family *f = b->family;
    const struct board_part *slow = b->part;
    if (slow->erase_ms) { // at their worst: a host must have been told of it
        return kind == BOARD_FLASH_ERASE ? slow->erase_ms * MS : slow->program_us * US;
    }
    if (b->cfg.typical_flash) {
        return kind == BOARD_FLASH_ERASE ? 20 * MS : f->program_typical_ns * NS;
    }
    if (kind == BOARD_FLASH_ERASE) {
        return 20 * MS + rng_below(&b->rng_flash, 20000) * US;
    }
    if (rng_below(&b->rng_flash, 64) == 0) { // the whole range, now and then
        return (f->program_min_ns +
                rng_below(&b->rng_flash, f->program_max_ns - f->program_min_ns + 1)) *
               NS;
    }
    // Two dice around the typical value.
    uint32_t half = f->program_typical_ns - f->program_min_ns;
    if (half > f->program_max_ns - f->program_typical_ns) {
        half = f->program_max_ns - f->program_typical_ns;
    }
    return (f->program_typical_ns - half + rng_below(&b->rng_flash, half + 1) +
            rng_below(&b->rng_flash, half + 1)) *
           NS;
}

static void begin(struct board *b, enum board_flash_kind kind, bool strt) {
    struct fpec *f = &b->fpec;
    f->busy = true;
    f->kind = kind;
    f->by_strt = strt;
    f->busy_start = now_ps(b);
    f->busy_end = f->busy_start + duration(b, kind);
    f->start_instruction = b->instructions;
    ev_at(b, EV_FLASH, f->busy_end);
    if (!b->cfg.no_stall) {
        cpu_attention(b, ATTN_STALL);
    }
    if (f->cut_in && (f->option || !f->cut_counts_options) && --f->cut_in == 0) {
        // Somewhere inside the operation: power_off tears what is under way.
        uint64_t span = f->busy_end - f->busy_start;
        ev_at(b, EV_CUT, f->busy_start + span / 1024 * (1 + rng_below(&b->rng_tear, 1022)));
    }
}

static void journal(struct board *b, uint32_t address, uint16_t value) {
    struct board_flash_op op = {b->flash_op_index++, b->fpec.kind, address, value};
    b->counters.flash_ops++;
    if (b->cfg.on_flash_op) {
        b->cfg.on_flash_op(b->cfg.user, &op);
    }
}

static void erase(struct board *b, uint32_t off, uint32_t size) {
    struct fpec *f = &b->fpec;
    for (uint32_t o = off; o < off + size; o += b->part->page_size) {
        if (fpec_is_protected(b, o)) {
            f->sr |= SR_WRPRTERR;
            b->counters.wrprt_errors++;
            fpec_lines(b);
            return;
        }
    }
    f->option = false;
    f->op_off = off;
    f->erase_size = size;
    memcpy(f->page_old, b->flash + off, size);
    // The array is not readable until the end, so its new contents may be there at once.
    memset(b->flash + off, 0xFF, size);
    cells_firm(b, off, size);
    cpu_flash_changed(b, off, off + size);
    for (uint32_t o = off; o < off + size; o += b->part->page_size) {
        b->erases_per_page[o / b->part->page_size]++;
    }
    b->counters.erases++;
    begin(b, BOARD_FLASH_ERASE, true);
    journal(b, FLASH_BASE + off, 0xFFFF);
}

static bool may_operate(struct board *b, const char *what) {
    if (b->trying) {
        cpu_attention(b, ATTN_STOP);
        return false;
    }
    if (!(b->rcc.cr & 2u)) { // PM0075 2.3: HSI must be on
        board_violation(b, 0x40022000, "%s with HSI off", what);
        return false;
    }
    return supply_holds_flash(b, what);
}

void fpec_start(struct board *b) {
    struct fpec *f = &b->fpec;
    uint32_t modes = f->cr & CR_MODES;
    if (!may_operate(b, "erase")) {
        return;
    }
    if (modes == CR_PER) {
        uint32_t off = f->ar - FLASH_BASE;
        if (off >= b->part->flash_size) {
            board_violation(b, 0x40022014, "erase at 0x%08X, outside the flash", f->ar);
            return;
        }
        erase(b, off - off % b->part->page_size, b->part->page_size);
    } else if (modes == CR_MER) {
        if (!b->rom.running) {
            board_violation(b, 0x40022010, "mass erase (MER)");
        }
        erase(b, 0, b->part->flash_size);
    } else if (modes == CR_OPTER && (f->cr & CR_OPTWRE)) {
        f->option = true;
        f->op_off = OPTION_OFFSET;
        f->erase_size = OPTION_BYTES;
        memcpy(f->page_old, b->sysmem + OPTION_OFFSET, OPTION_BYTES);
        memset(b->sysmem + OPTION_OFFSET, 0xFF, OPTION_BYTES);
        begin(b, BOARD_FLASH_ERASE, true);
    } else {
        board_violation(b, 0x40022010, "STRT with FLASH_CR 0x%04X: not one operation", f->cr);
    }
}

static void program(struct board *b, uint8_t *cell, uint32_t off, uint16_t value) {
    struct fpec *f = &b->fpec;
    uint16_t old;
    if (!f->option && b->weak_count) {
        cells_before_read(b, off, 2);
    }
    memcpy(&old, cell, 2);
    // 0x0000 may be written over anything; all else needs a blank cell (PM0075 2.3.2).
    if (old != 0xFFFF && value != 0) {
        f->sr |= SR_PGERR;
        b->counters.pg_errors++;
        fpec_lines(b);
        return;
    }
    f->op_off = off;
    f->op_old = old;
    f->op_new = value;
    f->op_weak = b->weak_count && !f->option ? b->weak[off / 2].mask : 0;
    memcpy(cell, &value, 2);
    begin(b, BOARD_FLASH_PROGRAM, false);
    if (!f->option) {
        cells_programmed(b, off, value);
        cpu_flash_changed(b, off, off + 2);
        b->counters.half_words++;
        journal(b, FLASH_BASE + off, value);
    }
}

// A store of the CPU to flash, its alias at 0, or the option bytes.
void fpec_store(struct board *b, uint32_t addr, uint32_t value, unsigned size) {
    struct fpec *f = &b->fpec;
    uint32_t off = 0, opt = addr - (SYSMEM_BASE + OPTION_OFFSET);
    bool is_option = opt < OPTION_BYTES;
    if ((!is_option && !bus_in_flash(b, addr, &off)) || size != 2 || (addr & 1u)) {
        fpec_bus_error(b, addr);
        return;
    }
    if (f->busy) {
        board_violation(b, addr, "store to flash at 0x%08X while BSY", addr);
        return;
    }
    if (!(f->cr & (is_option ? CR_OPTPG : CR_PG))) {
        fpec_bus_error(b, addr);
        return;
    }
    if ((f->cr & CR_MODES) != (is_option ? CR_OPTPG : CR_PG)) {
        board_violation(b, 0x40022010, "programming with FLASH_CR 0x%04X", f->cr);
        return;
    }
    if (!may_operate(b, "programming")) {
        return;
    }
    f->option = is_option;
    if (is_option) {
        if (opt == 0 && b->family->options->rdp_for_ever &&
            (value & 0xFFu) == b->family->options->rdp_for_ever) {
            board_violation(b, addr, "read protection level 2 can never be undone");
            return;
        }
        if (f->cr & CR_OPTWRE) { // the complement is written by hardware
            uint16_t pair = (uint16_t)((value & 0xFFu) | (~value & 0xFFu) << 8);
            program(b, b->sysmem + OPTION_OFFSET + opt, opt, pair);
        }
        return;
    }
    if (fpec_is_protected(b, off)) {
        f->sr |= SR_WRPRTERR;
        b->counters.wrprt_errors++;
        fpec_lines(b);
        return;
    }
    program(b, b->flash + off, off, (uint16_t)value);
}

void fpec_event(struct board *b) {
    b->fpec.busy = false;
    b->fpec.cr &= ~CR_STRT;
    b->fpec.sr |= b->cfg.clone ? 0 : SR_EOP;
    b->attention &= ~ATTN_STALL;
    b->stall_wait = false;
    fpec_lines(b);
    dma_flash_free(b);
}
