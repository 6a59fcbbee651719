// Flash program/erase controller of F1, F0 and F3 (PM0075; stricter than silicon where a
// sloppy driver would get away with it today and not with the next part).
#include <string.h>

#include "fpec.h"
#include "internal.h"

#define KEY1 0x45670123u
#define KEY2 0xCDEF89ABu

void fpec_lines(struct board *b) {
    bool irq = ((b->fpec.sr & SR_EOP) && (b->fpec.cr & CR_EOPIE)) ||
               ((b->fpec.sr & (SR_PGERR | SR_WRPRTERR)) && (b->fpec.cr & CR_ERRIE));
    nvic_line(b, b->family->flash_irq, irq);
}

void fpec_bus_error(struct board *b, uint32_t addr) {
    exc_raise_later(b, EXC_BUS, 1u << 10, addr); // IMPRECISERR
}

bool fpec_stalls(const struct board *b) {
    return b->fpec.busy && !b->cfg.no_stall;
}

void fpec_reset(struct board *b) {
    uint8_t *page_old = b->fpec.page_old;
    uint64_t cut_in = b->fpec.cut_in;
    memset(&b->fpec, 0, sizeof b->fpec);
    b->fpec.page_old = page_old;
    b->fpec.cut_in = cut_in;
    b->fpec.acr = b->family->acr;
    b->fpec.cr = CR_LOCK;
    b->wait_states = 0;
    ev_at(b, EV_FLASH, NEVER);
    fpec_load_options(b);
}

static void write_key(struct board *b, uint8_t *state, uint32_t v) {
    if (b->fpec.dead_until_reset) {
        fpec_bus_error(b, 0x40022004);
        return;
    }
    if (*state == 2) {
        return; // unlocked already: drivers that do not look at LOCK write the keys again
    }
    if (v == (*state == 0 ? KEY1 : KEY2)) {
        (*state)++;
    } else {
        *state = 0;
        b->fpec.dead_until_reset = true;
        fpec_bus_error(b, 0x40022004);
    }
}

static void write_cr(struct board *b, uint32_t v) {
    struct fpec *f = &b->fpec;
    if (f->cr & CR_LOCK) {
        if (v & (CR_MODES | CR_STRT)) {
            board_violation(b, 0x40022010, "FLASH_CR written 0x%04X while locked", v);
        }
        return;
    }
    if (v & CR_LOCK) {
        f->key = f->optkey = 0;
        f->cr = CR_LOCK | (v & (CR_ERRIE | CR_EOPIE));
        return;
    }
    if (v & CR_OBL) {
        board_violation(b, 0x40022010, "FLASH_CR.OBL_LAUNCH is not modelled");
    }
    uint32_t optwre = f->cr & v & CR_OPTWRE; // set by OPTKEYR only, cleared by software
    f->cr = (v & (CR_MODES | CR_ERRIE | CR_EOPIE)) | optwre;
    uint32_t modes = v & CR_MODES;
    if (modes & (modes - 1)) {
        board_violation(b, 0x40022010, "FLASH_CR 0x%04X selects two operations", v);
        return;
    }
    if (v & CR_STRT) {
        f->cr |= CR_STRT;
        fpec_start(b);
        if (!f->busy) {
            f->cr &= ~CR_STRT;
        }
    }
    fpec_lines(b);
}

void fpec_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size) {
    (void)size;
    struct fpec *f = &b->fpec;
    if (f->busy && off != 0x00) {
        board_violation(b, p->base + off, "FPEC register +0x%02X written while BSY", off);
        return;
    }
    switch (off) {
    case 0x00:
        f->acr = (v & 0x1Fu) | ((v & ACR_PRFTBE) ? ACR_PRFTBS : 0);
        b->wait_states = v & 7u;
        if (b->wait_states > b->family->max_wait_states) {
            board_violation(b, 0x40022000, "FLASH_ACR.LATENCY %u does not exist", b->wait_states);
        }
        rcc_check_latency(b);
        return;
    case 0x04:
        write_key(b, &f->key, v);
        if (f->key == 2) {
            f->cr &= ~CR_LOCK;
        }
        return;
    case 0x08:
        write_key(b, &f->optkey, v);
        if (f->optkey == 2) {
            f->cr |= CR_OPTWRE;
        }
        return;
    case 0x0C:
        f->sr &= ~(v & (SR_PGERR | SR_WRPRTERR | SR_EOP));
        fpec_lines(b);
        return;
    case 0x10:
        write_cr(b, v);
        return;
    case 0x14:
        f->ar = v;
        return;
    default:
        board_unknown(b, p->base + off, true, 4);
    }
}

uint32_t fpec_read(struct board *b, const struct periph *p, uint32_t off) {
    struct fpec *f = &b->fpec;
    switch (off) {
    case 0x00:
        return f->acr;
    case 0x04: // KEYR, OPTKEYR: write only
    case 0x08:
        return 0;
    case 0x0C:
        // BSY rises a cycle after STRT: a read by the very next instruction still sees 0.
        if (f->busy && !(f->by_strt && b->instructions == f->start_instruction + 1)) {
            flash_poll_seen(b);
            return f->sr | SR_BSY;
        }
        return f->sr;
    case 0x10:
        return b->cfg.clone ? f->cr & ~CR_LOCK : f->cr;
    case 0x14:
        return f->ar;
    case 0x1C:
        return f->obr;
    case 0x20:
        return f->wrpr;
    default:
        board_unknown(b, p->base + off, false, 4);
        return 0;
    }
}
