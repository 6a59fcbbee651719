// ST's ROM bootloader (AN3155) as a program of its own, run instead of the core. It talks to the
// same USART, flash controller and clocks as firmware does, so that line rates, busy times, write
// protection and torn operations are theirs.
#ifndef BOARD_ROM_H
#define BOARD_ROM_H

#include <stdbool.h>
#include <stdint.h>

#include "board.h"

#define ROM_ACK   0x79u
#define ROM_NACK  0x1Fu
#define ROM_FRAME 1028u // extended erase of 512 pages: count, pages, checksum
#define ROM_SPAN  260u  // memory read, with its ACKs

struct board;

// What differs between the ROMs (AN2606). Registers differ too: those belong to rom_port.c.
struct rom_kind {
    uint16_t dev_id;
    uint8_t version;     // of the protocol, as Get answers
    bool extended_erase; // Extended Erase 44h instead of Erase 43h: never both (AN3155 section 3)
    uint8_t protected_nacks; // NACKs to a command that read protection forbids
    uint16_t ready_us;       // from reset to listening
    uint16_t ram_used;       // bytes at the bottom of SRAM that belong to the ROM
};

enum rom_phase {
    ROM_STARTING,  // from reset until it listens
    ROM_MEASURING, // waits for 7Fh and measures it
    ROM_SYNCED,    // rate known, the character is not over yet
    ROM_TALKING,
    ROM_HUNG, // did what a host must not ask for; until reset
};

// One operation on flash or option bytes, in steps that the flash controller can take.
struct rom_job {
    enum { ROM_IDLE, ROM_PROGRAM, ROM_ERASE_PAGES, ROM_ERASE_ALL, ROM_OPTIONS } kind;
    uint32_t step, count;
    uint32_t address;
    uint8_t options[8]; // RDP, USER, Data0, Data1, WRP0 to WRP3
    bool then_options;  // ROM_ERASE_ALL goes on with them
};

struct rom {
    bool running;
    bool boot0; // the pin
    enum rom_phase phase;
    uint64_t listens_from, synced_at; // ps
    uint64_t bit_ps;

    uint8_t in[ROM_FRAME];
    uint32_t have, want;
    bool bad; // a byte came with an error flag
    void (*next)(struct board *b);

    uint8_t out[ROM_SPAN];
    uint32_t out_len, out_done;

    uint32_t address;
    struct rom_job job;
    bool reset_after, go_after; // once the last byte is out

    uint8_t code, step; // the command under way, ACKs to it
    bool nack_on, nack_skips;
    struct board_rom_nack nack;
};

const struct rom_kind *rom_kind_of(const struct board *b);

// rom.c
void rom_reset(struct board *b); // to be called last in a system reset
void rom_run(struct board *b);   // as far as it gets without waiting
void rom_say(struct board *b, uint8_t byte);
void rom_listen(struct board *b, uint32_t want, void (*next)(struct board *b));
void rom_hang(struct board *b, const char *why);

// rom_commands.c
void rom_await_command(struct board *b);
void rom_refuse(struct board *b); // NACK, and the next command
void rom_accept(struct board *b, uint32_t want, void (*next)(struct board *b));
uint8_t rom_sum(const struct rom *r, uint32_t n); // XOR of the bytes received
bool rom_is_whole(const struct rom *r, uint32_t n);

// rom_memory.c, rom_change.c: what follows a command's ACK
void rom_read_address(struct board *b);
void rom_go_address(struct board *b);
void rom_write_address(struct board *b);
void rom_erase_count(struct board *b);
void rom_extended_count(struct board *b);
void rom_write_protect_count(struct board *b);
void rom_write_unprotect(struct board *b);
void rom_readout_protect(struct board *b);
void rom_readout_unprotect(struct board *b);
void rom_change_options(struct board *b); // rom.job.options, then ACK and a system reset

// rom_flash.c
bool rom_flash_step(struct board *b); // true: the job is done
void rom_options_now(const struct board *b, uint8_t options[8]);

// rom_port.c: the registers, by family.
void rom_port_clock_start(struct board *b);
void rom_port_clock_ready(struct board *b);
void rom_port_uart_start(struct board *b, uint64_t bit_ps);
bool rom_port_receive(struct board *b, uint8_t *byte, bool *bad);
bool rom_port_can_send(const struct board *b); // the byte before is out, stop bit and all
void rom_port_send(struct board *b, uint8_t byte);
void rom_port_feed_watchdog(struct board *b);
void rom_port_flash_write(struct board *b, uint32_t reg, uint32_t value);

#endif
