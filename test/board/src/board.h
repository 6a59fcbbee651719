// The virtual board as a library: one STM32 with its flash, line and power switch.
//
// All state lives in struct board; several boards may exist in one process. Nothing here knows
// about wall time, files or sockets: front ends (pty, pipe, control) are built on these calls.
// Same configuration, seed and calls: same behaviour, bit for bit.
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "part.h"

#define BOARD_PS_PER_US 1000000ull
#define BOARD_PS_PER_S  1000000000000ull
#define BOARD_UARTS     3

struct board;

enum board_state {
    BOARD_OFF,
    BOARD_RUNNING,
    BOARD_LOCKUP, // until pin reset, watchdog or power cycle, as silicon
    BOARD_ERROR,  // the model met something it does not know or a firmware bug; stays
};

enum board_flash_kind { BOARD_FLASH_PROGRAM, BOARD_FLASH_ERASE };

// One accepted flash operation, told at its start. For an erase `address` is the page's first
// byte and `value` 0xFFFF.
struct board_flash_op {
    uint64_t index; // counted from board_create, 0 is the first
    enum board_flash_kind kind;
    uint32_t address;
    uint16_t value;
};

enum board_reset_cause {
    BOARD_RESET_POWER,
    BOARD_RESET_PIN,
    BOARD_RESET_SOFTWARE,
    BOARD_RESET_IWDG,
    BOARD_RESET_CAUSES
};

enum board_event_kind {
    BOARD_EVENT_RESET,
    BOARD_EVENT_POWER_OFF,
    BOARD_EVENT_POWER_ON,
    BOARD_EVENT_CUT,
    BOARD_EVENT_LOCKUP,
    BOARD_EVENT_ERROR,
    BOARD_EVENT_FAULT,
    BOARD_EVENT_BAUD, // the UART's rate changed; value = baud
};

struct board_event {
    enum board_event_kind kind;
    uint64_t time_ps;
    uint32_t value;   // reset cause, exception number or baud, by kind
    const char *text; // valid during the call only
};

// A function of the firmware whose outcome depends on nothing but what R0 to R2 point at: computed
// once for each of that, then only its time passes (memo.c).
#define BOARD_MEMO_POINTERS 3
#define BOARD_MEMO_BYTES    64u
struct board_function {
    uint32_t address;
    uint32_t bytes[BOARD_MEMO_POINTERS]; // so many at R0, R1, R2
};
struct board_memo;
struct board_memo_counts {
    uint64_t computed, left_out, checked; // calls
};

struct board_config {
    const struct board_part *part;
    uint64_t seed;
    bool no_stall;        // CPU runs on while the flash is busy (RAM code is exercised alike)
    bool typical_flash;   // typical erase and half-word, instead of seeded data-sheet ranges
    uint32_t hse_hz;      // 0: no crystal, HSERDY never comes
    uint32_t lsi_hz;      // 0: 40 kHz
    uint32_t hsi_hz;      // 0: 8 MHz; real ones are off by up to 2.5 % over temperature
    uint32_t app_base;    // 0: 0x08008000; code below it is the bootloader
    uint32_t stack_bytes; // reserved for the bootloader's stack; 0: not watched
    bool ram_parity;      // option byte: never-written RAM read since power-up raises NMI
    bool clone;   // FLASH_CR.LOCK reads 0 though locked, EOP never comes, the CRC unit is another
    bool lenient; // treat the bootloader's mistakes like an app's: count and log
    bool every_poll;         // of FLASH_SR is computed (flash_poll.c)
    struct board_memo *memo; // NULL: everything is computed
    bool boot0;              // the BOOT0 pin at the start; BOOT1 is low
    int uart;                // the UART on the line, 1-3; 0: 1
    bool have_uid;
    uint8_t uid[12];
    void *user;
    void (*on_event)(void *user, const struct board_event *event);
    void (*on_flash_op)(void *user, const struct board_flash_op *op);
    void (*on_log)(void *user, const char *line); // one line, no newline
};

#define BOARD_UNKNOWN_LIST 16

struct board_unknown {
    uint32_t address, pc;
    bool write;
};

struct board_counters {
    uint64_t instructions, left_out; // the latter of the former (idle.c, memo.c, flash_poll.c)
    uint64_t flash_ops, half_words, erases, pg_errors, wrprt_errors;
    uint64_t uart_rx, uart_tx; // bytes the device took and gave
    uint64_t overruns, framing_errors, noise_errors;
    uint64_t dma_bytes, dma_errors;
    uint64_t unknown_accesses, violations; // violations: documented rules the firmware broke
    uint64_t resets[BOARD_RESET_CAUSES];
    uint64_t faults;
    uint32_t stack_used;     // bytes, by the bootloader at most; 0 where it is not watched
    uint64_t lost_unplugged; // bytes either way
    struct board_unknown unknown[BOARD_UNKNOWN_LIST];
};

const struct board_part *board_find_part(const char *name);
const struct board_part *board_part_at(size_t i); // NULL behind the last
bool board_has_ram_parity(const struct board_part *part);

// What is known of a function of one firmware: for all its boards, also in processes that are
// forked later. One call in check_every that could be left out is computed and compared; 0: none.
struct board_memo *board_memo_create(const struct board_function *function, uint32_t check_every);
void board_memo_free(struct board_memo *memo);
struct board_memo_counts board_memo_counts(const struct board_memo *memo);

// NULL when libunicorn refuses; power is off, flash blank.
struct board *board_create(const struct board_config *config);
void board_destroy(struct board *b);

void board_power_on(struct board *b);
void board_power_off(struct board *b);
void board_reset_pin(struct board *b);
// The voltage [mV] of a supply that is on; no reset comes of it. At first it is BOARD_SUPPLY_MV.
#define BOARD_SUPPLY_MV 3300u
void board_supply(struct board *b, uint32_t mv);
enum board_state board_get_state(const struct board *b);
const char *board_error_text(const struct board *b); // "" without error

// Runs for that much virtual time (off, asleep or locked up it just passes).
void board_run_ps(struct board *b, uint64_t ps);
// The same for a board whose line and flash rest, cheaper: where the program only looks again and
// again at what does not change, those looks are left out (idle.c). It may see time late, by as
// long as it has looked and by `ps` at most. Ends up to 50 us early.
void board_run_idle_ps(struct board *b, uint64_t ps);
void board_run_cycles(struct board *b, uint64_t hclk_cycles);
// Runs until the device's next bytes are complete on the line, or for `ps`; idle time passes as in
// board_run_idle_ps.
void board_run_until_tx(struct board *b, uint64_t ps);
uint64_t board_time_ps(const struct board *b);
uint64_t board_cycles(const struct board *b);
uint32_t board_hclk(const struct board *b);
uint32_t board_pc(const struct board *b);

// The line. Bytes pushed are sent back to back at the host's rate; 0 = whatever BRR gives.
void board_line_set_rate(struct board *b, uint32_t baud);
uint32_t board_line_rate(const struct board *b);
uint32_t board_uart_baud(const struct board *b); // from BRR and clocks; 0: UART off
size_t board_uart_push(struct board *b, const uint8_t *data, size_t n); // taken, may be < n
// The same, but not on the line before that time.
size_t board_uart_push_at(struct board *b, const uint8_t *data, size_t n, uint64_t not_before_ps);
// What was pushed for later comes so much earlier.
void board_uart_hurry(struct board *b, uint64_t ps);
size_t board_uart_pull(struct board *b, uint8_t *data, size_t room);
size_t board_uart_waiting(const struct board *b); // host bytes not yet on the line
void board_uart_discard(struct board *b);         // the host closed: unsent bytes are gone
bool board_line_idle(const struct board *b);      // nothing queued or moving, either way
bool board_busy(const struct board *b);           // line not idle or flash operation under way
void board_unplug(struct board *b, bool unplugged);
void board_echo(struct board *b, bool on); // the host hears what it sends, as on a shared wire

// A half-duplex pair (RS-485) instead of a wire each way: boards and one host on it. What a board
// sends is heard while the pin that enables its driver says so. Before power-up; the first board to
// join has the host's end: board_uart_push and the others of the line are used with it alone.
#define BOARD_PAIR_BOARDS 32u
struct board_pair;
struct board_enable { // the pin of a transceiver's driver
    int port, bit;
    bool high; // the level that enables it
};
struct board_pair *board_pair_create(void); // NULL: no memory
void board_pair_free(struct board_pair *p); // after its boards
bool board_pair_join(struct board_pair *p, struct board *b, const struct board_enable *de);
void board_pair_hold(struct board_pair *p, uint64_t ps); // how long the host's adapter drives on
void board_pair_echo(struct board_pair *p, bool on);     // all hear what they send themselves
// As board_run_ps, board_run_idle_ps and board_run_until_tx, all boards together.
void board_pair_run_ps(struct board_pair *p, uint64_t ps);
void board_pair_run_idle_ps(struct board_pair *p, uint64_t ps);
void board_pair_run_until_tx(struct board_pair *p, uint64_t ps);
uint64_t board_pair_time_ps(const struct board_pair *p);
bool board_pair_busy(const struct board_pair *p);
struct board_pair_counts {
    uint64_t collisions; // begun by this one while another was driving
    uint64_t unheard;    // characters sent with the driver off
};
// 0 is the host, the boards follow in the order in which they joined.
struct board_pair_counts board_pair_counts(const struct board_pair *p, unsigned member);

// Power is lost during the n-th flash operation from now (1 = the next); 0 cancels.
void board_cut_at(struct board *b, uint64_t n, uint64_t seed);
void board_cut_at_option(struct board *b, uint64_t n, uint64_t seed); // of those on option bytes
void board_cut_after_cycles(struct board *b, uint64_t cycles);        // UINT64_MAX cancels

// Pins: level 1, 0, or -1 = nobody drives it.
bool board_pin_parse(const char *text, int *port, int *bit); // "PA0"
void board_pin_drive(struct board *b, int port, int bit, int level);
// The level the board puts out, or -1 when the pin is not a push-pull output.
int board_pin_output(const struct board *b, int port, int bit);

void board_hw_watchdog(struct board *b, bool on); // option byte WDG_SW, at the next reset

// The BOOT0 pin: looked at by each reset. High starts the ROM bootloader (AN3155) instead of flash.
void board_boot0(struct board *b, bool high);
bool board_in_rom(const struct board *b);
bool board_rom_is_starting(const struct board *b); // reset, and does not listen yet

// Frames that the ROM bootloader refuses though nothing is wrong with them.
struct board_rom_nack {
    uint8_t code;  // of the command
    uint8_t step;  // ACKs before: 0 is the command itself, 1 its address or list, 2 length or data
    uint32_t skip; // so many of these commands go through
    int first;     // only frames that begin with this byte; -1: all
};
void board_rom_nack(struct board *b, const struct board_rom_nack *nack); // NULL: none

// Flash image: contents with weak cells and option bytes. Snapshot only with power off or
// between board_run calls; restore leaves CPU and devices alone.
struct board_flash_image;
struct board_flash_image *board_flash_snapshot(const struct board *b);
void board_flash_restore(struct board *b, const struct board_flash_image *image);
void board_flash_image_free(struct board_flash_image *image);
const uint8_t *board_flash_data(const struct board *b); // flash_size bytes
const uint32_t *board_erases_per_page(const struct board *b);
uint32_t board_weak_cells(const struct board *b);

// As a debugger would: no side effects, flash is written without an FPEC operation.
bool board_peek(struct board *b, uint32_t address, uint8_t *data, size_t n);
uint32_t board_peek_register(struct board *b, uint32_t address);
bool board_poke(struct board *b, uint32_t address, const uint8_t *data, size_t n);

// Files: raw flash (FILE), weak cells (FILE.weak) and option bytes (FILE.opt) beside it; the
// latter two exist only when there is something to say. False leaves the reason in `err`.
bool board_flash_load(struct board *b, const char *path, char *err, size_t room);
bool board_flash_overlay(struct board *b, const char *path, uint32_t address, char *err,
                         size_t room);
bool board_flash_save(struct board *b, const char *path, char *err, size_t room);

const struct board_counters *board_counters(struct board *b);
void board_clear_counters(struct board *b);
const struct board_config *board_config(const struct board *b);

#endif
