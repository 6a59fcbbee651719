// What the modules of the board share. Not for front ends: they use board.h.
#ifndef BOARD_INTERNAL_H
#define BOARD_INTERNAL_H

#include <unicorn/unicorn.h>

#include "board.h"
#include "family.h"
#include "rom.h"
#include "serial_line.h"

#define NEVER           UINT64_MAX
#define FLASH_BASE      0x08000000u
#define SRAM_BASE       0x20000000u
#define CCM_BASE        0x10000000u
#define RAM_PAGE        1024u // libunicorn's, for this target
#define RAM_PAGES       256
#define PERIPH_BASE     0x40000000u
#define PERIPH_SIZE     0x00030000u
#define APB2_BASE       0x40010000u
#define AHB1_BASE       0x40018000u
#define AHB2_BASE       0x48000000u // GPIO of F0 and F3
#define AHB2_SIZE       0x00002000u
#define AHB3_BASE       0x50000000u // ADCs of F3
#define AHB3_SIZE       0x00000800u
#define SLOT            0x400u // a peripheral's share of the address space
#define SLOTS           ((PERIPH_SIZE + AHB2_SIZE + AHB3_SIZE) / SLOT)
#define SRAM_BITS       0x22000000u // bit-band aliases
#define PERIPH_BITS     0x42000000u
#define PPB_BASE        0xE0000000u
#define PPB_SIZE        0x00100000u
#define SYSMEM_BASE     0x1FFFF000u // system memory, ids and option bytes
#define SYSMEM_SIZE     0x1000u
#define OPTION_OFFSET   0x800u
#define IDCODE_REVISION 0x10000000u // upper half of DBGMCU_IDCODE
#define APP_BASE        0x08008000u // unless configured

#define IRQ_MAX     82 // of all families: F303
#define EXC_COUNT   (16 + IRQ_MAX)
#define EXC_NMI     2
#define EXC_HARD    3
#define EXC_MEM     4
#define EXC_BUS     5
#define EXC_USAGE   6
#define EXC_SVC     11
#define EXC_PENDSV  14
#define EXC_SYSTICK 15

// Reasons for the CODE hook to leave the fast path.
#define ATTN_STOP  1u  // leave the chunk before the next instruction
#define ATTN_STALL 2u  // flash busy: stop at the first fetch the prefetch buffer cannot serve
#define ATTN_MASKS 4u  // PRIMASK, BASEPRI or FAULTMASK may have changed
#define ATTN_WATCH 8u  // stop at watch_pc
#define ATTN_STACK 16u // the stack pointer may be lower
#define ATTN_POLL  32u // FLASH_SR was read: stop

struct rng {
    uint64_t state;
};

uint32_t rng_next(struct rng *r);
uint32_t rng_below(struct rng *r, uint32_t n);
void rng_seed(struct rng *r, uint64_t seed, uint64_t stream);

enum event_id {
    EV_FLASH,
    EV_IWDG,
    EV_HSI,
    EV_HSE,
    EV_PLL,
    EV_SYSTICK,
    EV_CUT,
    EV_LINE,                                 // the wire is free for the host's next character
    EV_UART_TX,                              // + index
    EV_UART_RX = EV_UART_TX + BOARD_UARTS,   // + index
    EV_UART_IDLE = EV_UART_RX + BOARD_UARTS, // + index
    EV_HOST_RX = EV_UART_IDLE + BOARD_UARTS,
    EV_ROM,
    EV_TIMER, // + index
    EV_COUNT = EV_TIMER + BOARD_TIMERS
};

struct nvic {
    bool enabled[EXC_COUNT], pending[EXC_COUNT], active[EXC_COUNT], line[EXC_COUNT];
    uint8_t prio[EXC_COUNT]; // upper 4 bits
    uint8_t prigroup;
    int active_prio; // of the highest active exception; 256: thread
};

struct scs {
    uint32_t vtor, scr, ccr, shcsr, cfsr, hfsr, mmfar, bfar, demcr;
    uint32_t stk_ctrl, stk_load;
    uint64_t stk_start; // cycle at which the counter was (re)loaded
    uint32_t stk_value; // while stopped
    bool stk_flag;
    uint32_t dwt_ctrl;
    uint64_t dwt_base;
    uint32_t cpacr, fpccr, fpcar, fpdscr;
};

struct fault {
    uint8_t exc; // EXC_MEM, EXC_BUS, EXC_USAGE, EXC_HARD; 0: none
    uint32_t cfsr, hfsr, address, pc;
    bool have_address;
};

struct fpec {
    uint32_t acr, cr, sr, ar;
    uint8_t key, optkey; // correct keys seen, 2 = unlocked
    bool dead_until_reset;
    uint32_t obr, wrpr;
    bool hardware_watchdog, read_protected;
    bool busy;
    uint64_t busy_start, busy_end;
    uint64_t start_instruction;
    bool by_strt;
    enum board_flash_kind kind;
    bool option; // the operation is on the option bytes
    uint32_t op_off;
    uint16_t op_old, op_new, op_weak;
    uint8_t *page_old; // contents before the erase under way; flash_size bytes for MER
    uint32_t erase_size;
    uint64_t cut_in;         // operations until power is cut; 0: never
    bool cut_counts_options; // and no others
};

struct rcc {
    uint32_t cr, cr2, cfgr, cfgr2, cfgr3, cir, ahbenr, apb1enr, apb2enr, csr, bdcr;
    uint32_t ahbrstr, apb1rstr, apb2rstr;
    bool lsi;
};

// Flags and control bits are kept where F1 has them; the later USART has them there too, but
// for UE, which is `on`.
struct uart {
    uint16_t sr, dr, brr, cr1, cr2, cr3, gtpr;
    uint16_t tdr;
    uint16_t cr1_high; // DEAT and DEDT of F0 and F3
    bool on;
    bool no_overrun;         // OVRDIS
    bool tx_moving, sr_read; // sr_read: first half of a clear sequence done
    bool on_line;            // wired to the board's connector
    bool listening;
    struct sampler rx;
    uint64_t tx_last_end;
    uint64_t tx_idle_until; // of the idle frame that TE sends first
};

struct dma_channel {
    uint32_t ccr, cpar, cmar;
    uint16_t cndtr, reload;
    uint32_t cmar_now, cpar_now;
    bool request;
};

struct dma {
    uint32_t isr, cselr;
    bool serving;
    struct dma_channel ch[7];
};

struct gpio {
    uint32_t crl, crh, lckr;                        // F1
    uint32_t moder, otyper, ospeedr, pupdr, afr[2]; // F0, F3
    uint32_t odr;
    int8_t drive[16]; // the outside: 0, 1, -1 nobody
};

struct timer {
    uint32_t cr1, dier, sr, psc, arr;
    uint32_t psc_now, arr_now; // in force
    uint64_t count, since;     // at that cycle
    uint64_t cycles;           // of HCLK a count; 0: never started
};

struct iwdg {
    bool running, open;
    uint32_t pr, rlr, window;
    uint32_t count; // at `since`
    uint64_t since, pvu_until, rvu_until, wvu_until;
};

#define POLL_REGISTERS 15u

// A look at FLASH_SR, and what is new since the one before it (flash_poll.c)
struct poll {
    uint32_t pc, xpsr, r[POLL_REGISTERS];
    uint64_t cyc, instructions;
    uint64_t round_cycles, round_instructions;
    unsigned counter; // the register that has changed; POLL_REGISTERS: none
    int32_t step;
};

struct crc {
    uint32_t dr, idr, cr, init;
    uint64_t ready;    // cycle in which all that was written is in DR
    uint64_t buffered; // F0, F3: cycle from which on more can be written
};

struct misc {
    uint32_t pwr_cr, pwr_csr;
    bool pvd_low;
    uint16_t bkp[42];
    uint32_t afio_evcr, afio_mapr, afio_exticr[4], afio_mapr2;
    uint32_t syscfg_cfgr1, syscfg_cfgr2, syscfg_exticr[4];
    uint32_t rtc_bkp[16];
    uint32_t dbgmcu[4];
};

// A RAM and what libunicorn must be told about code in it.
struct ram {
    uint32_t base, size; // size 0: the part has none
    uint8_t *data;
    uint8_t *written;     // since power-up, a byte each; NULL: parity is not checked
    bool code[RAM_PAGES]; // pages code was fetched from
    uint32_t lo, hi;      // written in such pages, translations stale
};

enum { RAM_SRAM, RAM_CCM, RAM_COUNT };

// What answers at address 0 (SYSCFG MEM_MODE).
enum low_memory { LOW_FLASH, LOW_SYSMEM, LOW_SRAM };

// A range of peripherals as libunicorn maps it.
struct window {
    struct board *b;
    uint32_t base;
};

struct weak_cell {
    uint16_t mask; // bits that are not certain
    uint8_t noisy; // read differently each time, else at each power-up
    uint8_t rest;  // the power-up at which it begins to drift, counted down; 0: it does
};

struct host_byte; // line.c
struct idle;
struct memo_call;

struct board {
    struct board_config cfg;
    struct board_pair *pair; // NULL: the host has a wire each way
    unsigned pair_member;
    struct board_enable de;
    const struct board_part *part;
    const struct family *family;
    const struct core *core;
    uc_engine *uc;

    enum board_state state;
    char error[256];
    uint64_t power_ups;

    // Time. now = t0 + (cyc - c0) / hclk, in picoseconds.
    uint64_t cyc, c0, t0;
    uint32_t hclk, pclk1, pclk2;
    uint64_t ps_per_cycle_32; // * 2^32
    uint64_t ev[EV_COUNT];
    uint64_t limit_ps;  // board_run's end
    uint64_t ev_time;   // while an event is handled: its time, else 0
    uint64_t deadline;  // cycle at which the CODE hook leaves the chunk
    uint64_t cut_cycle; // NEVER: not set

    // CODE hook.
    uint32_t attention;
    uint32_t pc;            // the instruction under way
    uint32_t flash_pc;      // the last one that ran from flash
    uint32_t seq_pc;        // address after the instruction under way
    uint32_t it_at, it_end; // the IT instruction executed last, and where its block ends
    uint32_t line;          // 8-byte flash line in the prefetch buffer
    uint64_t next_line_ready;
    uint32_t wait_states;
    uint32_t watch_pc;
    uint64_t watch_from; // instructions before it counts
    bool stack_own;      // the stack pointer is in the bootloader's stack, or below
    uint16_t opcode, prev_class;
    bool hook_stopped, stall_wait, sleeping, sleeping_wfe, event_flag;
    bool bad_access; // unicorn met an address nothing answers at
    uint32_t bad_address;
    int bad_type;
    uint16_t *classes; // per half-word of flash: timing class, 0 = not decoded yet
    int intno;
    struct fault fault; // raised inside a callback, taken before the next instruction
    bool reset_request;

    uint8_t *flash, *sysmem;
    struct ram ram[RAM_COUNT];
    enum low_memory low, low_wanted; // wanted: mapped between chunks
    uint32_t dirty_lo, dirty_hi;     // flash offsets whose translations are stale
    struct window windows[3];

    struct nvic nvic;
    struct scs scs;
    struct fpec fpec;
    struct poll poll;
    struct rcc rcc;
    struct uart uart[BOARD_UARTS];
    struct dma dma;
    struct gpio gpio[7];
    struct iwdg iwdg;
    struct timer timer[BOARD_TIMERS];
    struct misc misc;
    struct crc crc;
    uint32_t supply_mv;
    struct rom rom;

    // Cells whose value is not certain; allocated with the first one.
    struct weak_cell *weak;
    uint32_t weak_count;

    // The line: towards the device and towards the host.
    struct wave to_device, to_host;
    struct sampler host_rx;
    uint32_t host_rate;
    uint64_t to_device_free; // when the host may start its next character
    bool unplugged, echo;
    struct host_byte *host_out; // bytes the host has queued
    size_t host_out_head, host_out_len;
    uint8_t *host_in; // bytes the host has received
    size_t host_in_head, host_in_len;
    bool tx_stop; // leave board_run once the device has sent and fallen silent

    const struct periph *at[SLOTS];
    uint32_t uid[3];
    struct rng rng_flash, rng_tear, rng_weak, rng_ram, rng_line;

    struct board_counters counters;
    uint64_t instructions, instructions_cleared;
    uint64_t flash_op_index;
    uint32_t *erases_per_page;
    uint32_t *logged; // addresses and rules reported once
    size_t logged_count, logged_room;
    struct idle *idle;
    struct memo_call *call;
    bool trying; // idle.c looks what would happen: nothing may come of it that can not be undone
};

// board.c
void board_emit(struct board *b, enum board_event_kind kind, uint32_t value, const char *text);
void board_log(struct board *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// A documented rule the firmware broke, or something the model does not know. Stops the board
// while the bootloader runs; otherwise counted, and logged once per `key`.
void board_violation(struct board *b, uint32_t key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void board_unknown(struct board *b, uint32_t address, bool write, unsigned size);
void board_stop_error(struct board *b, const char *text);
bool board_in_bootloader(const struct board *b);
void board_do_reset(struct board *b, enum board_reset_cause cause);
void board_step(struct board *b); // of the run loop

// idle.c
void idle_close(struct board *b);

// flash_poll.c
void flash_poll_seen(struct board *b);
void flash_poll_step(struct board *b);

// memo.c
bool memo_open(struct board *b);
void memo_close(struct board *b);
void memo_reset(struct board *b);
bool memo_busy(const struct board *b);
bool memo_step(struct board *b); // true: not the core's turn
uint32_t memo_address(const struct board *b);
void hook_memo(uc_engine *uc, uint64_t address, uint32_t size, void *user);

// time.c
uint64_t now_ps(const struct board *b);
uint64_t cycle_at(const struct board *b, uint64_t ps);
uint64_t cycles_to_ps(const struct board *b, uint64_t cycles);
void time_set_clock(struct board *b, uint32_t hclk, uint32_t pclk1, uint32_t pclk2);
void time_skip_to(struct board *b, uint64_t ps);
void ev_at(struct board *b, int id, uint64_t ps); // NEVER cancels
uint64_t ev_next(const struct board *b);
void ev_run_due(struct board *b);

// cpu.c, memory_map.c
bool cpu_open(struct board *b);
void cpu_reset(struct board *b);
void cpu_run_chunk(struct board *b);
void cpu_attention(struct board *b, uint32_t bits);
void cpu_flash_changed(struct board *b, uint32_t lo, uint32_t hi);
void cpu_use_fast_stores(void);
void cpu_sync_code(struct board *b);
void cpu_ram_written(struct board *b, uint32_t addr, uint32_t n);
bool cpu_map_low(struct board *b, enum low_memory low);
void cpu_forget_code(struct board *b, uint64_t lo, uint64_t hi);
uint32_t cpu_reg(struct board *b, int reg);
void cpu_set_reg(struct board *b, int reg, uint32_t value);
void cpu_set_pc(struct board *b, uint32_t pc);

// hooks.c
void hook_code(uc_engine *uc, uint64_t address, uint32_t size, void *user);
void hook_flash_read(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                     void *user);
bool hook_write_prot(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                     void *user);
bool hook_unmapped(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                   void *user);
void hook_intr(uc_engine *uc, uint32_t intno, void *user);

// timing.c: cycles of an instruction (ARM DDI 0337 table 18-1), packed with what it does.
#define CLASS_CYCLES    0x1Fu
#define CLASS_LOAD      0x20u
#define CLASS_STORE     0x40u
#define CLASS_MASKS     0x80u // may change PRIMASK, BASEPRI, FAULTMASK or CONTROL
#define CLASS_VALID     0x100u
#define CLASS_WORDS     0x200u  // several words: the base register must be aligned
#define CLASS_UNDEFINED 0x400u  // this core has no such instruction
#define CLASS_FP        0x800u  // for the floating-point unit
#define CLASS_SPECIAL   0x1000u // MRS or MSR of a register this core does not have
#define CLASS_STACK     0x2000u // makes room on the stack
#define CLASS_CHECKED   (CLASS_WORDS | CLASS_UNDEFINED | CLASS_FP | CLASS_SPECIAL)
uint16_t timing_m0(uint16_t hw1, uint16_t hw2);
uint16_t timing_m3(uint16_t hw1, uint16_t hw2);
uint16_t timing_m4(uint16_t hw1, uint16_t hw2);

// stack.c
uint16_t stack_class(uint16_t hw1, uint16_t hw2); // CLASS_STACK or 0
void stack_check(struct board *b);

// fpu.c
void fpu_reset(struct board *b);
bool fpu_register(struct board *b, uint32_t addr, uint32_t *v, bool write); // false: not its
bool fpu_use(struct board *b); // before a floating-point instruction; false: not enabled
unsigned fpu_frame_words(struct board *b); // of an exception's frame, now
void fpu_stack(struct board *b, uint32_t sp);
void fpu_unstack(struct board *b, uint32_t sp);

// nvic.c, nvic_registers.c, exceptions.c
void nvic_reset(struct board *b);
void nvic_line(struct board *b, unsigned irq, bool level);
void nvic_pend(struct board *b, unsigned exc);
void nvic_changed(struct board *b);
void nvic_update(struct board *b); // after a change of active exceptions
int nvic_best(struct board *b, int *prio);
int nvic_execution_priority(struct board *b);
int nvic_group_priority(const struct board *b, unsigned exc);
bool nvic_wakes(struct board *b);
bool nvic_register(struct board *b, uint32_t addr, uint32_t *v, bool write); // false: not its
bool nvic_is_priority(uint32_t addr); // IPR, SHPR: accessible by bytes but on M0
uint32_t nvic_priority_read(struct board *b, uint32_t addr, unsigned size);
void nvic_priority_write(struct board *b, uint32_t addr, uint32_t value, unsigned size);
bool exc_take_pending(struct board *b);
void exc_enter(struct board *b, unsigned exc, uint32_t return_pc);
void exc_return(struct board *b, uint32_t exc_return);
void exc_fault(struct board *b, const struct fault *f);
void exc_raise_later(struct board *b, uint8_t exc, uint32_t cfsr, uint32_t address);

// scs.c, systick.c
uint32_t scs_read(struct board *b, uint32_t addr, unsigned size);
void scs_write(struct board *b, uint32_t addr, uint32_t value, unsigned size);
void scs_reset(struct board *b);
uint32_t systick_read(struct board *b, uint32_t addr);
void systick_write(struct board *b, uint32_t addr, uint32_t value);
void systick_event(struct board *b);
void systick_reschedule(struct board *b);

// bus.c
void bus_build(struct board *b);
uint32_t bus_read(struct board *b, uint32_t addr, unsigned size);
uint32_t bus_peek(struct board *b, uint32_t addr); // a word of a register
void bus_write(struct board *b, uint32_t addr, uint32_t value, unsigned size);
void bus_reset(struct board *b);
uint32_t bus_bit_read(struct board *b, uint32_t base, uint32_t alias);
void bus_bit_write(struct board *b, uint32_t base, uint32_t alias, uint32_t value);
uint8_t *bus_memory(struct board *b, uint32_t addr, uint32_t n, bool write); // RAM, flash, sysmem
bool bus_is_peripheral(uint32_t addr);
const char *bus_name(const struct board *b, uint32_t addr); // of the peripheral; NULL: none
struct ram *bus_ram(struct board *b, uint32_t addr);
// Is the address in flash or its alias at 0? Where, in *off. Asked for each instruction.
static inline bool bus_in_flash(const struct board *b, uint32_t addr, uint32_t *off) {
    uint32_t o = addr - FLASH_BASE;
    if (o >= b->part->flash_size) {
        o = addr; // alias at 0
        if (o >= b->part->flash_size || b->low != LOW_FLASH) {
            return false;
        }
    }
    *off = o;
    return true;
}

// fpec.c, cells.c
void fpec_reset(struct board *b);
void fpec_store(struct board *b, uint32_t addr, uint32_t value, unsigned size);
void fpec_event(struct board *b);
uint32_t fpec_read(struct board *b, const struct periph *p, uint32_t off);
void fpec_write(struct board *b, const struct periph *p, uint32_t off, uint32_t value,
                unsigned size);
bool fpec_stalls(const struct board *b);
void fpec_load_options(struct board *b);
void fpec_default_options(struct board *b);
bool fpec_is_protected(const struct board *b, uint32_t off);
void cells_tear(struct board *b); // the operation under way ends badly
void cells_power_up(struct board *b);
void cells_before_read(struct board *b, uint32_t off, uint32_t n);
void cells_programmed(struct board *b, uint32_t off, uint16_t value);
void cells_firm(struct board *b, uint32_t off, uint32_t n);
bool cells_set_weak(struct board *b, uint32_t off, struct weak_cell cell);
void cells_forget(struct board *b);

// parity.c
bool parity_open(struct board *b);
void parity_close(struct board *b);
void parity_power_up(struct board *b);
void parity_written(struct ram *ram, uint32_t off, uint32_t n);

// line.c: the host's end of the wire.
bool line_open(struct board *b);
void line_close(struct board *b);
void line_power_off(struct board *b);
void line_feed(struct board *b);       // EV_LINE
void line_host_event(struct board *b); // EV_HOST_RX
void line_device_sent(struct board *b, uint16_t bits, unsigned nbits, uint64_t start,
                      uint64_t bit_ps);
void line_device_rate_changed(struct board *b);
void line_changed(struct board *b); // characters were added to the pair
void line_forget(struct board *b);  // what is past, and no receiver has found

// pair.c
void pair_pins_changed(struct board *b);
bool pair_usart_drives(const struct board *b, const struct uart *u); // DE is its own pin

#include "periphs.h"

#endif
