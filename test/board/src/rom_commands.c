// The commands of AN3155, section by section.
#include <string.h>

#include "internal.h"
#include "rom.h"

#define GET               0x00u
#define GET_VERSION       0x01u
#define GET_ID            0x02u
#define READ_MEMORY       0x11u
#define GO                0x21u
#define WRITE_MEMORY      0x31u
#define ERASE             0x43u
#define EXTENDED_ERASE    0x44u
#define WRITE_PROTECT     0x63u
#define WRITE_UNPROTECT   0x73u
#define READOUT_PROTECT   0x82u
#define READOUT_UNPROTECT 0x92u

#define OPTION_AREA (SYSMEM_BASE + OPTION_OFFSET)
#define OPTION_SIZE 16u

static void command(struct board *b);

void rom_await_command(struct board *b) {
    rom_listen(b, 2, command);
}

static void refuse(struct board *b) {
    rom_say(b, ROM_NACK);
    rom_await_command(b);
}

static void accept(struct board *b, uint32_t want, void (*next)(struct board *b)) {
    rom_say(b, ROM_ACK);
    rom_listen(b, want, next);
}

static uint8_t sum(const struct rom *r, uint32_t n) {
    uint8_t x = 0;
    for (uint32_t i = 0; i < n; i++) {
        x ^= r->in[i];
    }
    return x;
}

// Byte and complement, or bytes and their XOR, received without error.
static bool is_whole(const struct rom *r, uint32_t n) {
    return !r->bad && sum(r, n) == (n == 2 ? 0xFF : 0);
}

static bool read_protected(const struct board *b) {
    return b->fpec.read_protected;
}

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

static void get(struct board *b) { // section 3.1
    const struct rom_kind *kind = rom_kind_of(b);
    uint8_t erase = kind->extended_erase ? EXTENDED_ERASE : ERASE;
    const uint8_t list[] = {
        GET,           GET_VERSION,     GET_ID,          READ_MEMORY,      GO, WRITE_MEMORY, erase,
        WRITE_PROTECT, WRITE_UNPROTECT, READOUT_PROTECT, READOUT_UNPROTECT};
    rom_say(b, ROM_ACK);
    rom_say(b, sizeof list);
    rom_say(b, kind->version);
    for (size_t i = 0; i < sizeof list; i++) {
        rom_say(b, list[i]);
    }
    rom_say(b, ROM_ACK);
    rom_await_command(b);
}

static void
get_version(struct board *b) { // section 3.2; the option bytes are 00h, kept for old hosts
    const uint8_t answer[] = {ROM_ACK, rom_kind_of(b)->version, 0, 0, ROM_ACK};
    for (size_t i = 0; i < sizeof answer; i++) {
        rom_say(b, answer[i]);
    }
    rom_await_command(b);
}

static void get_id(struct board *b) { // section 3.3
    const uint8_t answer[] = {ROM_ACK, 1, (uint8_t)(b->part->dev_id >> 8), (uint8_t)b->part->dev_id,
                              ROM_ACK};
    for (size_t i = 0; i < sizeof answer; i++) {
        rom_say(b, answer[i]);
    }
    rom_await_command(b);
}

static uint32_t address_in(const struct rom *r) {
    return (uint32_t)r->in[0] << 24 | (uint32_t)r->in[1] << 16 | (uint32_t)r->in[2] << 8 | r->in[3];
}

static void read_count(struct board *b) { // section 3.4
    struct rom *r = &b->rom;
    if (!is_whole(r, 2)) {
        refuse(b);
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

static void read_address(struct board *b) {
    struct rom *r = &b->rom;
    uint32_t address = address_in(r);
    bool known =
        is_flash(b, address) || is_ram(b, address) || within(address, SYSMEM_BASE, SYSMEM_SIZE);
    if (!is_whole(r, 5) || !known) {
        refuse(b);
        return;
    }
    r->address = address;
    accept(b, 2, read_count);
}

static void go_address(struct board *b) { // section 3.5
    struct rom *r = &b->rom;
    uint32_t address = address_in(r);
    if (!is_whole(r, 5) || !(is_flash(b, address) || is_ram(b, address))) {
        refuse(b);
        return;
    }
    r->address = address;
    r->go_after = true;
    rom_say(b, ROM_ACK);
}

// Option bytes with a change, then ACK and a system reset.
static void change_options(struct board *b) {
    b->rom.job.kind = ROM_OPTIONS;
    b->rom.job.step = 0;
}

// Section 3.6, note: the option bytes are erased and written as a whole, then a system reset loads
// them.
static void write_options(struct board *b, uint32_t n) {
    struct rom *r = &b->rom;
    rom_options_now(b, r->job.options);
    for (uint32_t i = 0; i < n; i += 2) { // the odd bytes are complements, which hardware makes
        r->job.options[(r->address - OPTION_AREA + i) / 2] = r->in[1 + i];
    }
    change_options(b);
}

static void write_data(struct board *b) { // section 3.6
    struct rom *r = &b->rom;
    uint32_t n = r->in[0] + 1u;
    if (r->bad || sum(r, n + 2) != 0 || n % 4 != 0) {
        refuse(b);
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

static void write_address(struct board *b) {
    struct rom *r = &b->rom;
    uint32_t address = address_in(r);
    bool known =
        is_flash(b, address) || is_ram(b, address) || within(address, OPTION_AREA, OPTION_SIZE);
    if (!is_whole(r, 5) || !known || address % 4 != 0) {
        refuse(b);
        return;
    }
    r->address = address;
    accept(b, 1, write_length);
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
    if (r->bad || sum(r, pages + 2) != 0) {
        refuse(b);
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
    if (b->rom.bad || sum(&b->rom, 2) != 0xFF) {
        refuse(b);
        return;
    }
    erase_all(b);
}

static void erase_count(struct board *b) {
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
    if (r->bad || sum(r, 3) != 0 || r->in[1] != 0xFF) {
        refuse(b);
        return;
    }
    erase_all(b);
}

static void extended_list(struct board *b) { // section 3.8
    struct rom *r = &b->rom;
    uint32_t pages = ((uint32_t)r->in[0] << 8 | r->in[1]) + 1u;
    if (r->bad || sum(r, 2 * pages + 3) != 0) {
        refuse(b);
        return;
    }
    erase_pages(b, pages);
}

static void extended_count(struct board *b) {
    struct rom *r = &b->rom;
    uint32_t n = (uint32_t)r->in[0] << 8 | r->in[1];
    if (n >= 0xFFF0u) {
        rom_listen(b, 3, extended_special);
    } else if (2 * n + 5 > ROM_FRAME) {
        refuse(b);
        return;
    } else {
        rom_listen(b, 2 * n + 5, extended_list);
    }
    r->have = 2;
}

static void write_protect_list(struct board *b) { // section 3.9
    struct rom *r = &b->rom;
    uint32_t n = r->in[0] + 1u;
    if (r->bad || sum(r, n + 2) != 0) {
        refuse(b);
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
    change_options(b);
}

static void write_protect_count(struct board *b) {
    rom_listen(b, b->rom.in[0] + 3u, write_protect_list);
    b->rom.have = 1;
}

static void write_unprotect(struct board *b) { // section 3.10
    rom_say(b, ROM_ACK);
    rom_options_now(b, b->rom.job.options);
    memset(b->rom.job.options + 4, 0xFF, 4);
    change_options(b);
}

static void readout_protect(struct board *b) { // section 3.11
    rom_say(b, ROM_ACK);
    rom_options_now(b, b->rom.job.options);
    b->rom.job.options[0] = 0x00;
    change_options(b);
}

static void
readout_unprotect(struct board *b) { // section 3.12: all flash is erased, then protection goes
    rom_say(b, ROM_ACK);
    rom_options_now(b, b->rom.job.options);
    b->rom.job.options[0] = b->family->options->rdp_open;
    b->rom.job.kind = ROM_ERASE_ALL;
    b->rom.job.step = 0;
    b->rom.job.then_options = true;
}

// Section 3, table 2, note: with read protection on, these are all there is.
static bool allowed(const struct board *b, uint8_t code) {
    return !read_protected(b) || code <= GET_ID || code == READOUT_UNPROTECT;
}

static void command(struct board *b) {
    struct rom *r = &b->rom;
    uint8_t code = r->in[0];
    if (!is_whole(r, 2)) {
        refuse(b);
        return;
    }
    if (!allowed(b, code)) {
        for (unsigned i = 1; i < rom_kind_of(b)->protected_nacks; i++) {
            rom_say(b, ROM_NACK);
        }
        refuse(b);
        return;
    }
    bool extended = rom_kind_of(b)->extended_erase;
    switch (code) {
    case GET:
        get(b);
        return;
    case GET_VERSION:
        get_version(b);
        return;
    case GET_ID:
        get_id(b);
        return;
    case READ_MEMORY:
        accept(b, 5, read_address);
        return;
    case GO:
        accept(b, 5, go_address);
        return;
    case WRITE_MEMORY:
        accept(b, 5, write_address);
        return;
    case WRITE_PROTECT:
        accept(b, 1, write_protect_count);
        return;
    case WRITE_UNPROTECT:
        write_unprotect(b);
        return;
    case READOUT_PROTECT:
        readout_protect(b);
        return;
    case READOUT_UNPROTECT:
        readout_unprotect(b);
        return;
    default:
        break;
    }
    if (code == ERASE && !extended) {
        accept(b, 1, erase_count);
    } else if (code == EXTENDED_ERASE && extended) {
        accept(b, 2, extended_count);
    } else {
        refuse(b);
    }
}
