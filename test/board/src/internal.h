// What the modules of the board share. Not for front ends: they use board.h.
#ifndef BOARD_INTERNAL_H
#define BOARD_INTERNAL_H

#include <unicorn/unicorn.h>

#include "board.h"
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
#define LINE_DUE    64
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
#define ATTN_STOP  1u // leave the chunk before the next instruction
#define ATTN_STALL 2u // flash busy: stop at the first fetch the prefetch buffer cannot serve
#define ATTN_MASKS 4u // PRIMASK, BASEPRI or FAULTMASK may have changed

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
    EV_COUNT
};

enum gate { GATE_NONE, GATE_AHB, GATE_APB1, GATE_APB2 };

struct periph {
    const char *name;
    uint32_t base;
    enum gate gate; // clock enable register
    uint8_t gate_bit;
    uint8_t reset_bit; // in the bus's RSTR; 32: none
    uint8_t index;     // instance: port letter, UART number - 1
    bool sub_word;     // byte and half-word access allowed
    uint32_t (*read)(struct board *b, const struct periph *p, uint32_t off);
    void (*write)(struct board *b, const struct periph *p, uint32_t off, uint32_t value,
                  unsigned size);
    void (*reset)(struct board *b, const struct periph *p);
};

// What differs between cores (core.c).
struct core {
    int model; // libunicorn's
    uint32_t cpuid;
    bool v7m; // VTOR, BASEPRI, FAULTMASK, faults with registers of their own, bit-band, CYCCNT
    bool fpu;
    uint8_t priority_bits; // of the 8 that a priority could have, from the top
    uint32_t ccr;          // after reset
    uint8_t entry_cycles, exit_cycles;
    uint16_t (*classify)(uint16_t hw1, uint16_t hw2);
};

// How a family derives its clocks: what is the same for all is in rcc.c.
struct clock_tree {
    uint32_t (*pll_hz)(const struct board *b);
    bool (*pll_from_hsi)(const struct board *b);
    uint32_t (*uart_hz)(const struct board *b, unsigned index);
    uint32_t pll_fields; // of CFGR: not to be changed while the PLL is on
    uint32_t pclk1_max;
    bool one_apb;       // both sides of the bridge run at PCLK
    uint32_t csr_flags; // reset flags of RCC_CSR
    // Registers behind RCC_CSR; false: there is none.
    bool (*access)(struct board *b, uint32_t off, uint32_t *v, bool write);
};

// Option bytes in FLASH_OBR, and what read protection brings with it.
struct option_layout {
    uint8_t rdp_open;        // the RDP value without protection
    uint8_t rdp_for_ever;    // irreversible; 0: there is none
    uint8_t user_shift;      // of the user byte; bit 0 of it is WDG_SW
    uint8_t user_mask;       // the bits of it that exist
    uint8_t data_shift;      // Data0, and Data1 behind it
    bool rdp_protects_start; // read protection write-protects the first 4 KB
};

// A pin as its GPIO registers have it.
struct pin {
    enum { PIN_ANALOG, PIN_INPUT, PIN_OUTPUT, PIN_ALTERNATE } mode;
    bool open_drain;
    int8_t pull; // level of the pull resistor, -1: none
    uint8_t af;  // alternate function number (not on F1)
};

// What differs between families: peripherals, their places, and reset-time option handling.
struct family {
    const struct periph *periphs;
    size_t periph_count;
    uint8_t irq_count;
    uint32_t wait_state_limit_hz; // HCLK that each further wait state buys
    uint8_t max_wait_states;
    uint32_t acr;                                                // FLASH_ACR after reset
    uint32_t program_min_ns, program_typical_ns, program_max_ns; // a half-word
    uint32_t systick_calibration;
    uint8_t uart_irq[BOARD_UARTS];
    bool uart_eie_alone;           // EIE interrupts without DMAR too
    uint8_t flash_irq, dma_irq[7]; // of DMA1's channels
    uint8_t windows;               // APB and AHB1, AHB2, AHB3: how many of them there are
    bool iwdg_window;              // IWDG_WINR
    bool idcode_reads_0;           // DBGMCU_IDCODE without a debugger (F1 erratum)
    const struct clock_tree *clocks;
    const struct option_layout *options;
    struct pin (*pin)(const struct board *b, int port, int bit);
    void (*uart_pins)(const struct board *b, unsigned index, bool *tx, bool *rx);
    // DMA1 channels 1-7 of a UART's requests; 0: none.
    void (*uart_dma)(const struct board *b, unsigned index, unsigned *rx, unsigned *tx);
    bool (*lacks)(const struct board_part *part, const struct periph *p); // or NULL
    unsigned (*dma_channels)(const struct board_part *part);
};

extern const struct family family_f0, family_f1, family_f3;
extern const struct core core_m0, core_m3, core_m4;

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
    uint32_t cpacr;
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
    uint64_t cut_in; // operations until power is cut; 0: never
};

struct rcc {
    uint32_t cr, cfgr, cfgr2, cfgr3, cir, ahbenr, apb1enr, apb2enr, csr, bdcr;
    uint32_t ahbrstr, apb1rstr, apb2rstr;
    bool lsi;
};

// Flags and control bits are kept where F1 has them; the later USART has them there too, but
// for UE, which is `on`.
struct uart {
    uint16_t sr, dr, brr, cr1, cr2, cr3, gtpr;
    uint16_t tdr;
    bool on;
    bool no_overrun;         // OVRDIS
    bool tx_moving, sr_read; // sr_read: first half of a clear sequence done
    bool on_line;            // wired to the board's connector
    bool listening;
    struct sampler rx;
    uint64_t tx_last_end;
};

struct dma_channel {
    uint32_t ccr, cpar, cmar;
    uint16_t cndtr, reload;
    uint32_t cmar_now, cpar_now;
    bool request;
};

struct dma {
    uint32_t isr;
    bool serving;
    struct dma_channel ch[7];
};

struct gpio {
    uint32_t crl, crh, lckr;                        // F1
    uint32_t moder, otyper, ospeedr, pupdr, afr[2]; // F0, F3
    uint32_t odr;
    int8_t drive[16]; // the outside: 0, 1, -1 nobody
};

struct iwdg {
    bool running, open;
    uint32_t pr, rlr, window;
    uint32_t count; // at `since`
    uint64_t since, pvu_until, rvu_until, wvu_until;
};

struct misc {
    uint32_t pwr_cr, pwr_csr;
    uint16_t bkp[42];
    uint32_t crc, crc_idr;
    uint32_t afio_evcr, afio_mapr, afio_exticr[4], afio_mapr2;
    uint32_t syscfg_cfgr1, syscfg_cfgr2, syscfg_exticr[4];
    uint32_t rtc_bkp[16];
    uint32_t dbgmcu[4];
};

// A RAM and what libunicorn must be told about code in it.
struct ram {
    uint32_t base, size; // size 0: the part has none
    uint8_t *data;
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

struct board {
    struct board_config cfg;
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
    uint32_t pc;       // the instruction under way
    uint32_t flash_pc; // the last one that ran from flash
    uint32_t seq_pc;   // address after the instruction under way
    uint32_t line;     // 8-byte flash line in the prefetch buffer
    uint64_t next_line_ready;
    uint32_t wait_states;
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
    struct rcc rcc;
    struct uart uart[BOARD_UARTS];
    struct dma dma;
    struct gpio gpio[7];
    struct iwdg iwdg;
    struct misc misc;
    struct rom rom;

    // Cells whose value is not certain; allocated with the first one.
    struct weak_cell *weak;
    uint32_t weak_count;

    // The line: towards the device and towards the host.
    struct wave to_device, to_host;
    struct sampler host_rx;
    uint32_t host_rate;
    uint64_t to_device_free; // when the host may start its next character
    bool unplugged;
    struct {
        uint64_t byte, ps; // this byte, counted from the first ever, not before that time
    } due[LINE_DUE];
    uint32_t due_head, due_count;
    uint64_t host_sent; // bytes put on the line so far
    uint8_t *host_out;  // bytes the host has queued
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
#define CLASS_CHECKED   (CLASS_WORDS | CLASS_UNDEFINED | CLASS_FP | CLASS_SPECIAL)
uint16_t timing_m0(uint16_t hw1, uint16_t hw2);
uint16_t timing_m3(uint16_t hw1, uint16_t hw2);
uint16_t timing_m4(uint16_t hw1, uint16_t hw2);

// fpu.c
void fpu_reset(struct board *b);
bool fpu_register(struct board *b, uint32_t addr, uint32_t *v, bool write); // false: not its
bool fpu_use(struct board *b); // before a floating-point instruction; false: not enabled

// exceptions.c
void nvic_reset(struct board *b);
void nvic_line(struct board *b, unsigned irq, bool level);
void nvic_pend(struct board *b, unsigned exc);
void nvic_changed(struct board *b);
int nvic_best(struct board *b, int *prio);
int nvic_execution_priority(struct board *b);
int nvic_group_priority(const struct board *b, unsigned exc);
bool nvic_wakes(struct board *b);
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
void bus_write(struct board *b, uint32_t addr, uint32_t value, unsigned size);
void bus_reset(struct board *b);
uint32_t bus_bit_read(struct board *b, uint32_t base, uint32_t alias);
void bus_bit_write(struct board *b, uint32_t base, uint32_t alias, uint32_t value);
uint8_t *bus_memory(struct board *b, uint32_t addr, uint32_t n, bool write); // RAM, flash, sysmem
bool bus_is_peripheral(uint32_t addr);
struct ram *bus_ram(struct board *b, uint32_t addr);
// Is the address in flash or its alias at 0? Where, in *off.
bool bus_in_flash(const struct board *b, uint32_t addr, uint32_t *off);

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

// Peripherals.
uint32_t rcc_read(struct board *b, const struct periph *p, uint32_t off);
void rcc_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void rcc_reset(struct board *b, enum board_reset_cause cause);
void rcc_event(struct board *b, int id);
bool rcc_gate_on(const struct board *b, const struct periph *p);
void rcc_check_latency(struct board *b);
void rcc_apply(struct board *b); // after a change of clock sources or dividers
void rcc_pulse(struct board *b, enum gate gate, uint32_t v); // RSTR bits
uint32_t rcc_hsi_hz(const struct board *b);
uint32_t rcc_sysclk_hz(const struct board *b);
extern const struct clock_tree clocks_f0, clocks_f1, clocks_f3;

uint32_t gpio_f1_read(struct board *b, const struct periph *p, uint32_t off);
void gpio_f1_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                   unsigned size);
void gpio_f1_reset(struct board *b, const struct periph *p);
struct pin gpio_f1_pin(const struct board *b, int port, int bit);
uint32_t gpio_v2_read(struct board *b, const struct periph *p, uint32_t off);
void gpio_v2_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                   unsigned size);
void gpio_v2_reset(struct board *b, const struct periph *p);
struct pin gpio_v2_pin(const struct board *b, int port, int bit);
// A pin that may carry a UART (0-2), and its alternate function there.
struct uart_pin {
    uint8_t uart;
    bool tx;
    uint8_t port, bit, af;
};
void gpio_v2_uart(const struct board *b, const struct uart_pin *pins, size_t count, unsigned index,
                  bool *tx, bool *rx);
uint32_t gpio_idr(const struct board *b, int port);
void gpio_set_reset(struct gpio *g, uint32_t bsrr); // BSRR: set wins over reset

uint32_t usart_f1_read(struct board *b, const struct periph *p, uint32_t off);
void usart_f1_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                    unsigned size);
uint32_t usart_v2_read(struct board *b, const struct periph *p, uint32_t off);
void usart_v2_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                    unsigned size);
// For the register fronts: the unit behind them.
void usart_lines(struct board *b, struct uart *u); // after a change of flags or enables
void usart_transmit(struct board *b, struct uart *u, uint32_t v);
void usart_switch(struct board *b, struct uart *u, bool on, uint32_t cr1);
void usart_settings_changed(struct board *b, struct uart *u, uint32_t old_baud);
void usart_reset(struct board *b, const struct periph *p);
void usart_event(struct board *b, int id);
void usart_clock_changed(struct board *b);
void usart_line_changed(struct board *b, struct uart *u); // frames were added to its wave
unsigned usart_frame_bits(const struct uart *u);
uint64_t usart_bit_ps(const struct board *b, const struct uart *u);
void usart_pins_changed(struct board *b);

uint32_t dma_read(struct board *b, const struct periph *p, uint32_t off);
void dma_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void dma_reset(struct board *b, const struct periph *p);
void dma_request(struct board *b, unsigned channel, bool level); // 1-7
void dma_flash_free(struct board *b);
void dma_release(struct board *b); // all request lines down: they move to other channels

uint32_t iwdg_read(struct board *b, const struct periph *p, uint32_t off);
void iwdg_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void iwdg_reset(struct board *b);
void iwdg_start(struct board *b);
void iwdg_event(struct board *b);

uint32_t pwr_read(struct board *b, const struct periph *p, uint32_t off);
void pwr_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
uint32_t bkp_read(struct board *b, const struct periph *p, uint32_t off);
void bkp_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
uint32_t crc_read(struct board *b, const struct periph *p, uint32_t off);
void crc_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
uint32_t afio_read(struct board *b, const struct periph *p, uint32_t off);
void afio_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void misc_reset(struct board *b, bool power);
void afio_reset(struct board *b, const struct periph *p);
uint32_t syscfg_read(struct board *b, const struct periph *p, uint32_t off);
void syscfg_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void syscfg_reset(struct board *b, const struct periph *p);
uint32_t rtc_read(struct board *b, const struct periph *p, uint32_t off);
void rtc_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
uint32_t dbgmcu_read(struct board *b, const struct periph *p, uint32_t off);
void dbgmcu_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size);
void crc_reset(struct board *b, const struct periph *p);

// line.c: the host's end of the wire.
bool line_open(struct board *b);
void line_close(struct board *b);
void line_power_off(struct board *b);
void line_feed(struct board *b);       // EV_LINE
void line_host_event(struct board *b); // EV_HOST_RX
void line_device_sent(struct board *b, uint16_t bits, unsigned nbits, uint64_t start,
                      uint64_t bit_ps);
void line_device_rate_changed(struct board *b);

#endif
