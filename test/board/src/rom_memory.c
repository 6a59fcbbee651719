// Read Memory, Go and Write Memory (AN3155 sections 3.4 to 3.6).
#include <string.h>

#include "internal.h"
#include "rom.h"

#define OPTION_AREA (SYSMEM_BASE + OPTION_OFFSET)
#define OPTION_SIZE 16u

static bool within(uint32_t address, uint32_t base, uint32_t size) {
    return address - base < size;
}

static bool is_flash(const struct board *b, uint32_t address) {
    return within(address, FLASH_BASE, b->part->flash_size);
}

// SRAM above what the ROM itself uses (AN2606)
static bool is_ram(const struct board *b, uint32_t address) {
    uint32_t used = rom_kind_of(b)->ram_used;
    return b->part->ram_size > used && within(address, SRAM_BASE + used, b->part->ram_size - used);
}

static uint32_t address_in(const struct rom *r) {
    return (uint32_t)r->in[0] << 24 | (uint32_t)r->in[1] << 16 | (uint32_t)r->in[2] << 8 | r->in[3];
}

static void read_count(struct board *b) { // section 3.4
    struct rom *r = &b->rom;
    if (!rom_is_whole(r, 2)) {
        rom_refuse(b);
        return;
    }
    uint32_t n = r->in[0] + 1u;
    const uint8_t *p = bus_memory(b, r->address, n, false);
    if (!p) { // only the start was checked: the read that reaches over the end is a bus fault
        rom_hang(b, "Read Memory over the end");
        return;
    }
    rom_say(b, ROM_ACK);
    for (uint32_t i = 0; i < n; i++) {
        rom_say(b, p[i]);
    }
    rom_await_command(b);
}

void rom_read_address(struct board *b) {
    struct rom *r = &b->rom;
    uint32_t address = address_in(r);
    bool known =
        is_flash(b, address) || is_ram(b, address) || within(address, SYSMEM_BASE, SYSMEM_SIZE);
    if (!rom_is_whole(r, 5) || !known) {
        rom_refuse(b);
        return;
    }
    r->address = address;
    rom_accept(b, 2, read_count);
}

void rom_go_address(struct board *b) { // section 3.5
    struct rom *r = &b->rom;
    uint32_t address = address_in(r);
    if (!rom_is_whole(r, 5) || !(is_flash(b, address) || is_ram(b, address))) {
        rom_refuse(b);
        return;
    }
    r->address = address;
    r->go_after = true;
    rom_say(b, ROM_ACK);
}

// Section 3.6, note: the option bytes are erased and written as a whole, then a system reset loads
// them.
static void write_options(struct board *b, uint32_t n) {
    struct rom *r = &b->rom;
    rom_options_now(b, r->job.options);
    for (uint32_t i = 0; i < n; i += 2) { // the odd bytes are complements, which hardware makes
        r->job.options[(r->address - OPTION_AREA + i) / 2] = r->in[1 + i];
    }
    rom_change_options(b);
}

static void write_data(struct board *b) { // section 3.6
    struct rom *r = &b->rom;
    uint32_t n = r->in[0] + 1u;
    if (r->bad || rom_sum(r, n + 2) != 0 || n % 4 != 0) {
        rom_refuse(b);
        return;
    }
    rom_await_command(b);
    if (is_ram(b, r->address)) {
        uint32_t room = SRAM_BASE + b->part->ram_size - r->address;
        n = n < room ? n : room;
        memcpy(bus_memory(b, r->address, n, true), r->in + 1, n);
        rom_say(b, ROM_ACK);
    } else if (is_flash(b, r->address)) {
        r->job = (struct rom_job){.kind = ROM_PROGRAM, .count = n / 2, .address = r->address};
    } else if (r->address % 2 == 0 && n <= OPTION_AREA + OPTION_SIZE - r->address) {
        write_options(b, n);
    } else {
        rom_say(b, ROM_ACK);
    }
}

static void write_length(struct board *b) {
    rom_listen(b, b->rom.in[0] + 3u, write_data);
    b->rom.have = 1; // the length is the first byte of what is checked
}

void rom_write_address(struct board *b) {
    struct rom *r = &b->rom;
    uint32_t address = address_in(r);
    bool known =
        is_flash(b, address) || is_ram(b, address) || within(address, OPTION_AREA, OPTION_SIZE);
    if (!rom_is_whole(r, 5) || !known || address % 4 != 0) {
        rom_refuse(b);
        return;
    }
    r->address = address;
    rom_accept(b, 1, write_length);
}
