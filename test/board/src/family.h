// What differs between cores and between families: tables, so that no code asks which one it is.
#ifndef BOARD_FAMILY_H
#define BOARD_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "board.h"

enum gate { GATE_NONE, GATE_AHB, GATE_APB1, GATE_APB2 };

#define BOARD_TIMERS 6 // TIM1 to 4, 6, 7

#define SUB_WORD_FIRST 2 // byte and half-word access to the first register only

struct periph {
    const char *name;
    uint32_t base;
    enum gate gate; // clock enable register
    uint8_t gate_bit;
    uint8_t reset_bit; // in the bus's RSTR; 32: none
    uint8_t index;     // instance: port letter, UART number - 1
    uint8_t sub_word;  // byte and half-word access: 0 none, 1 all, SUB_WORD_FIRST
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

// Where a UART has its driver enable.
struct enable_pin {
    uint8_t port, bit, af;
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
    uint8_t timer_irq[BOARD_TIMERS]; // update interrupts of TIM1 to 4, 6, 7; 0: there is none
    bool wide_tim2;                  // 32 bits
    bool uart_eie_alone;             // EIE interrupts without DMAR too
    bool uart_dma_drops;             // DMA does not get a byte with FE, NE or PE (DDRE is 0)
    uint8_t flash_irq, dma_irq[7];   // of DMA1's channels
    uint8_t windows;                 // APB and AHB1, AHB2, AHB3: how many of them there are
    bool iwdg_window;                // IWDG_WINR
    uint32_t parity_sram; // bytes of SRAM with parity; the CCM RAM has it where there is one
    bool idcode_reads_0;  // DBGMCU_IDCODE without a debugger (F1 erratum)
    const struct clock_tree *clocks;
    const struct option_layout *options;
    struct pin (*pin)(const struct board *b, int port, int bit);
    void (*uart_pins)(const struct board *b, unsigned index, bool *tx, bool *rx);
    const struct enable_pin *enable_pins; // a pin for each UART; NULL: UARTs have no driver enable
    // DMA1 channels 1-7 of a UART's requests; 0: none.
    void (*uart_dma)(const struct board *b, unsigned index, unsigned *rx, unsigned *tx);
    bool (*lacks)(const struct board_part *part, const struct periph *p); // or NULL
    unsigned (*dma_channels)(const struct board_part *part);              // NULL: all seven
    uint16_t cselr_dev_id; // DEV_ID of the parts with DMA1_CSELR; 0: none
};

const struct family *part_family(const struct board_part *part);
const struct core *part_core(const struct board_part *part);
extern const struct family family_f0, family_f1, family_f3;
extern const struct core core_m0, core_m3, core_m4;

#endif
