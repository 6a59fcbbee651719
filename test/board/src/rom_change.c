// Erase and protection (AN3155 sections 3.7 to 3.12).
#include <string.h>

#include "internal.h"
#include "rom.h"

// Option bytes with a change, then ACK and a system reset.
void rom_change_options(struct board *b) {
    b->rom.job.kind = ROM_OPTIONS;
    b->rom.job.step = 0;
}

// Pages one after the other. Pages that do not exist, or are write-protected, are no error
// (section 3.7).
static void erase_pages(struct board *b, uint32_t pages) {
    b->rom.job = (struct rom_job){.kind = ROM_ERASE_PAGES, .count = pages};
    rom_await_command(b);
}

static void erase_list(struct board *b) { // section 3.7
    struct rom *r = &b->rom;
    uint32_t pages = r->in[0] + 1u;
    if (r->bad || rom_sum(r, pages + 2) != 0) {
        rom_refuse(b);
        return;
    }
    for (uint32_t i = pages; i-- > 0;) { // two bytes a page, as extended erase has them
        r->in[3 + 2 * i] = r->in[1 + i];
        r->in[2 + 2 * i] = 0;
    }
    erase_pages(b, pages);
}

static void erase_all(struct board *b) {
    rom_await_command(b);
    b->rom.job = (struct rom_job){.kind = ROM_ERASE_ALL};
}

static void erase_everything(struct board *b) {
    if (b->rom.bad || rom_sum(&b->rom, 2) != 0xFF) {
        rom_refuse(b);
        return;
    }
    erase_all(b);
}

void rom_erase_count(struct board *b) {
    struct rom *r = &b->rom;
    if (r->in[0] == 0xFF) {
        rom_listen(b, 2, erase_everything);
    } else {
        rom_listen(b, r->in[0] + 3u, erase_list);
    }
    r->have = 1;
}

static void extended_special(struct board *b) {
    struct rom *r = &b->rom;
    // FFFFh is everything; FFFEh and FFFDh are banks, which these parts do not have; the rest is
    // reserved.
    if (r->bad || rom_sum(r, 3) != 0 || r->in[1] != 0xFF) {
        rom_refuse(b);
        return;
    }
    erase_all(b);
}

static void extended_list(struct board *b) { // section 3.8
    struct rom *r = &b->rom;
    uint32_t pages = ((uint32_t)r->in[0] << 8 | r->in[1]) + 1u;
    if (r->bad || rom_sum(r, 2 * pages + 3) != 0) {
        rom_refuse(b);
        return;
    }
    erase_pages(b, pages);
}

void rom_extended_count(struct board *b) {
    struct rom *r = &b->rom;
    uint32_t n = (uint32_t)r->in[0] << 8 | r->in[1];
    if (n >= 0xFFF0u) {
        rom_listen(b, 3, extended_special);
    } else if (2 * n + 5 > ROM_FRAME) {
        rom_refuse(b);
        return;
    } else {
        rom_listen(b, 2 * n + 5, extended_list);
    }
    r->have = 2;
}

static void write_protect_list(struct board *b) { // section 3.9
    struct rom *r = &b->rom;
    uint32_t n = r->in[0] + 1u;
    if (r->bad || rom_sum(r, n + 2) != 0) {
        rom_refuse(b);
        return;
    }
    rom_options_now(b, r->job.options);
    // Only the sectors given now are protected afterwards; numbers that do not exist are not looked
    // at.
    uint32_t wrp = UINT32_MAX;
    for (uint32_t i = 0; i < n; i++) {
        wrp &= r->in[1 + i] < 32 ? ~(1u << r->in[1 + i]) : UINT32_MAX;
    }
    for (unsigned i = 0; i < 4; i++) {
        r->job.options[4 + i] = (uint8_t)(wrp >> (8 * i));
    }
    rom_change_options(b);
}

void rom_write_protect_count(struct board *b) {
    rom_listen(b, b->rom.in[0] + 3u, write_protect_list);
    b->rom.have = 1;
}

void rom_write_unprotect(struct board *b) { // section 3.10
    rom_say(b, ROM_ACK);
    rom_options_now(b, b->rom.job.options);
    memset(b->rom.job.options + 4, 0xFF, 4);
    rom_change_options(b);
}

void rom_readout_protect(struct board *b) { // section 3.11
    rom_say(b, ROM_ACK);
    rom_options_now(b, b->rom.job.options);
    b->rom.job.options[0] = 0x00;
    rom_change_options(b);
}

void rom_readout_unprotect(
    struct board *b) { // section 3.12: all flash is erased, then protection goes
    rom_say(b, ROM_ACK);
    rom_options_now(b, b->rom.job.options);
    b->rom.job.options[0] = b->family->options->rdp_open;
    b->rom.job.kind = ROM_ERASE_ALL;
    b->rom.job.step = 0;
    b->rom.job.then_options = true;
}
