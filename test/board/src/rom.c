// The ROM bootloader's main loop: start, autobaud, bytes in, bytes out, flash work in between.
#include "rom.h"

#include <string.h>

#include "internal.h"

#define FEED_PS (100000ull * BOARD_PS_PER_US) // the watchdog's shortest period is 273 ms

// AN2606's tables of device-dependent parameters; the second NACK is reported from the field for
// F05x and F03x.
static const struct rom_kind kinds[] = {
    {0x412, 0x22, false, 1, 1227, 0x0200}, // F10x low density
    {0x410, 0x22, false, 1, 1227, 0x0200}, // F10x medium density
    {0x414, 0x22, false, 1, 1227, 0x0200}, // F10x high density
    {0x420, 0x22, false, 1, 1227, 0x0200}, // F100 low and medium density
    {0x428, 0x22, false, 1, 1227, 0x0200}, // F100 high density
    {0x440, 0x31, true, 2, 1612, 0x0800},  // F05x, F030x8
    {0x444, 0x31, true, 2, 1612, 0x0800},  // F03x
    {0x442, 0x31, true, 1, 2000, 0x1800},  // F09x, F030xC
    {0x448, 0x31, true, 1, 58, 0x1800},    // F07x
    {0x422, 0x31, true, 1, 2360, 0x1400},  // F302, F303xB and xC
};

const struct rom_kind *rom_kind_of(const struct board *b) {
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].dev_id == b->part->dev_id) {
            return &kinds[i];
        }
    }
    return NULL;
}

void board_boot0(struct board *b, bool high) {
    b->rom.boot0 = high;
}

bool board_in_rom(const struct board *b) {
    return b->rom.running;
}

bool board_rom_is_starting(const struct board *b) {
    return b->rom.running && b->rom.phase == ROM_STARTING;
}

// The boot pins are latched at every reset (RM0008 section 3.4).
void rom_reset(struct board *b) {
    struct rom *r = &b->rom;
    *r = (struct rom){
        .boot0 = r->boot0, .running = r->boot0, .nack_on = r->nack_on, .nack = r->nack};
    if (!r->running) {
        ev_at(b, EV_ROM, NEVER);
        return;
    }
    if (!rom_kind_of(b)) {
        board_stop_error(b, "the ROM bootloader of this part is not known");
        return;
    }
    rom_port_clock_start(b);
    r->listens_from = now_ps(b) + rom_kind_of(b)->ready_us * BOARD_PS_PER_US;
    ev_at(b, EV_ROM, r->listens_from);
}

void rom_hang(struct board *b, const char *why) {
    board_log(b, "ROM bootloader: hangs until reset: %s", why);
    b->rom.phase = ROM_HUNG;
}

void rom_say(struct board *b, uint8_t byte) {
    struct rom *r = &b->rom;
    if (r->out_len < ROM_SPAN) {
        r->out[r->out_len++] = byte;
    }
}

void rom_listen(struct board *b, uint32_t want, void (*next)(struct board *b)) {
    struct rom *r = &b->rom;
    r->have = 0;
    r->bad = false;
    r->want = want;
    r->next = next;
}

// 7Fh has a falling edge at its start bit and one at bit 7, eight bit times apart: whatever else is
// sent first gives a wrong rate, and the part is deaf until reset (AN3155 section 2).
static void measure(struct board *b) {
    struct rom *r = &b->rom;
    uint64_t first = wave_fall(&b->to_device, r->listens_from);
    uint64_t second = first == NEVER ? NEVER : wave_fall(&b->to_device, first + 1);
    if (second == NEVER) {
        return;
    }
    if (now_ps(b) < second) {
        ev_at(b, EV_ROM, second);
        return;
    }
    r->bit_ps = (second - first) / 8;
    r->synced_at = second + 3 * r->bit_ps; // bit 7, parity, stop
    r->phase = ROM_SYNCED;
    ev_at(b, EV_ROM, r->synced_at);
}

void board_rom_nack(struct board *b, const struct board_rom_nack *nack) {
    b->rom.nack_on = nack != NULL;
    b->rom.nack_skips = false;
    if (nack) {
        b->rom.nack = *nack;
    }
}

// Whether this piece of a frame is to be refused; what its count announces is looked at again.
static bool is_refused(struct rom *r) {
    if (r->step == 0) {
        r->code = r->in[0];
        r->nack_skips = r->code == r->nack.code && r->nack.skip > 0;
        r->nack.skip -= r->nack_skips;
    }
    return r->nack_on && r->code == r->nack.code && r->step == r->nack.step && !r->nack_skips &&
           (r->nack.first < 0 || r->in[0] == r->nack.first);
}

// True: something was done, look again.
static bool work(struct board *b) {
    struct rom *r = &b->rom;
    if (r->out_done < r->out_len) {
        if (!rom_port_can_send(b)) {
            return false;
        }
        rom_port_send(b, r->out[r->out_done++]);
        return true;
    }
    if (r->out_len) {
        if (!rom_port_can_send(b)) {
            return false;
        }
        r->out_len = r->out_done = 0;
        return true;
    }
    if (r->reset_after || r->go_after) {
        return false;
    }
    if (r->job.kind != ROM_IDLE) {
        return rom_flash_step(b);
    }
    uint8_t byte;
    bool bad = false;
    if (!rom_port_receive(b, &byte, &bad)) {
        return false;
    }
    r->in[r->have++] = byte;
    r->bad = r->bad || bad;
    if (r->have == r->want) {
        r->bad = r->bad || is_refused(r);
        r->next(b);
    }
    return true;
}

// Go (AN3155 section 3.5): stack pointer and reset vector of the program; its peripherals, the PLL
// among them, stay as the ROM had set them. The note promises reset values, the field reports
// programs that start only from a reset: firmware has to cope.
static void go(struct board *b) {
    uint32_t vectors[2] = {0};
    const uint8_t *p = bus_memory(b, b->rom.address, sizeof vectors, false);
    if (!p) {
        rom_hang(b, "Go to where there are no vectors");
        return;
    }
    memcpy(vectors, p, sizeof vectors);
    b->rom.running = false;
    ev_at(b, EV_ROM, NEVER);
    b->low_wanted = LOW_SYSMEM; // address 0 is what the boot pins said at the reset
    b->misc.syscfg_cfgr1 = b->part->family == BOARD_FAMILY_F1 ? 0 : 1;
    // What runs from SRAM is nobody's bootloader.
    bool in_flash = b->rom.address - FLASH_BASE < b->part->flash_size;
    b->flash_pc = in_flash ? b->rom.address : FLASH_BASE + b->part->flash_size;
    cpu_set_reg(b, UC_ARM_REG_MSP, vectors[0] & ~3u);
    cpu_set_pc(b, vectors[1] & ~1u);
    b->pc = vectors[1] & ~1u;
    if (!(vectors[1] & 1u)) {
        b->fault = (struct fault){.exc = EXC_USAGE, .cfsr = 1u << 17, .pc = vectors[1]};
    }
}

void rom_run(struct board *b) {
    struct rom *r = &b->rom;
    uint64_t now = now_ps(b);
    switch (r->phase) {
    case ROM_STARTING:
        if (now < r->listens_from) {
            return;
        }
        rom_port_clock_ready(b);
        r->phase = ROM_MEASURING;
        break;
    case ROM_MEASURING:
        measure(b);
        break;
    case ROM_SYNCED:
        if (now < r->synced_at) {
            return;
        }
        rom_port_uart_start(b, r->bit_ps);
        rom_say(b, ROM_ACK);
        rom_await_command(b);
        r->phase = ROM_TALKING;
        break;
    case ROM_TALKING:
    case ROM_HUNG:
        break;
    }
    while (r->phase == ROM_TALKING && work(b)) {
    }
    if (r->phase == ROM_TALKING && !r->out_len && r->reset_after) {
        board_do_reset(b, BOARD_RESET_SOFTWARE);
        return;
    }
    if (r->phase == ROM_TALKING && !r->out_len && r->go_after) {
        go(b);
        return;
    }
    rom_port_feed_watchdog(b);
    if (b->ev[EV_ROM] == NEVER) {
        ev_at(b, EV_ROM, now + FEED_PS);
    }
}
