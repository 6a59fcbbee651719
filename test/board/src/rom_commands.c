// Which command it is, and whether it may be (AN3155 section 3); those that only answer.
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

static void command(struct board *b);

void rom_await_command(struct board *b) {
    b->rom.step = 0;
    rom_listen(b, 2, command);
}

void rom_refuse(struct board *b) {
    rom_say(b, ROM_NACK);
    rom_await_command(b);
}

void rom_accept(struct board *b, uint32_t want, void (*next)(struct board *b)) {
    b->rom.step++;
    rom_say(b, ROM_ACK);
    rom_listen(b, want, next);
}

uint8_t rom_sum(const struct rom *r, uint32_t n) {
    uint8_t x = 0;
    for (uint32_t i = 0; i < n; i++) {
        x ^= r->in[i];
    }
    return x;
}

// Byte and complement, or bytes and their XOR, received without error.
bool rom_is_whole(const struct rom *r, uint32_t n) {
    return !r->bad && rom_sum(r, n) == (n == 2 ? 0xFF : 0);
}

static bool read_protected(const struct board *b) {
    return b->fpec.read_protected;
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

// Section 3, table 2, note: with read protection on, these are all there is.
static bool allowed(const struct board *b, uint8_t code) {
    return !read_protected(b) || code <= GET_ID || code == READOUT_UNPROTECT;
}

static void command(struct board *b) {
    struct rom *r = &b->rom;
    uint8_t code = r->in[0];
    if (!rom_is_whole(r, 2)) {
        rom_refuse(b);
        return;
    }
    if (!allowed(b, code)) {
        for (unsigned i = 1; i < rom_kind_of(b)->protected_nacks; i++) {
            rom_say(b, ROM_NACK);
        }
        rom_refuse(b);
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
        rom_accept(b, 5, rom_read_address);
        return;
    case GO:
        rom_accept(b, 5, rom_go_address);
        return;
    case WRITE_MEMORY:
        rom_accept(b, 5, rom_write_address);
        return;
    case WRITE_PROTECT:
        rom_accept(b, 1, rom_write_protect_count);
        return;
    case WRITE_UNPROTECT:
        rom_write_unprotect(b);
        return;
    case READOUT_PROTECT:
        rom_readout_protect(b);
        return;
    case READOUT_UNPROTECT:
        rom_readout_unprotect(b);
        return;
    default:
        break;
    }
    if (code == ERASE && !extended) {
        rom_accept(b, 1, rom_erase_count);
    } else if (code == EXTENDED_ERASE && extended) {
        rom_accept(b, 2, rom_extended_count);
    } else {
        rom_refuse(b);
    }
}
