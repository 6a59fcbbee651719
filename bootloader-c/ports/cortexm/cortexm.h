// What every Cortex-M has and the bootloader uses. ARMv7-M Architecture Reference Manual, B3.2 and
// B3.3.
#ifndef CORTEXM_H
#define CORTEXM_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(address))

#define SYST_CSR  REG32(0xe000e010u)
#define SYST_RVR  REG32(0xe000e014u)
#define SYST_CVR  REG32(0xe000e018u)
#define SCB_ICSR  REG32(0xe000ed04u)
#define SCB_VTOR  REG32(0xe000ed08u) // not on Cortex-M0
#define SCB_AIRCR REG32(0xe000ed0cu)

#define SYST_CSR_ENABLE 1u // counts HCLK / 8
#define SYST_MASK       0xffffffu
#define ICSR_VECTACTIVE 0x1ffu
#define AIRCR_RESET     0x05fa0004u // VECTKEY and SYSRESETREQ

// Buffers: to clear them would take milliseconds at the clock that a reset leaves, in both passes.
#define NOT_CLEARED __attribute__((section(".noinit"), aligned(4)))

#define MAILBOX ((uint8_t *)(uintptr_t)IAP_MAILBOX_ADDRESS)

static inline void mask_interrupts(void) {
    __asm volatile("cpsid i" ::: "memory");
}

static inline void data_barrier(void) {
    __asm volatile("dsb" ::: "memory");
}

// Resets the device; SRAM keeps its contents.
_Noreturn static inline void system_reset(void) {
    data_barrier();
    SCB_AIRCR = AIRCR_RESET;
    data_barrier();
    for (;;) {
    }
}

// Milliseconds from SysTick, polled.
struct systick {
    uint32_t per_ms; // counts
    uint32_t last;   // counter as last read
    uint32_t rest;   // counts that are no whole millisecond yet
    uint32_t ms;
};

void systick_start(struct systick *systick, uint32_t clock_hz);

// Must be called before the counter wraps: every 2 s at 64 MHz.
uint32_t systick_ms(struct systick *systick);

// Puts the vector table at this address in force. On a core without a vector table offset register
// the start of SRAM is overwritten with a copy.
void vectors_use(uint32_t address);

// Puts this program's own table at this address, where reset begins, in force; a program that
// jumped here may have left its own.
void vectors_own(uint32_t address);

// Address of the table that is in force.
uint32_t vectors_address(void);

// A port may have one of its own, where NMI means more than a fault.
_Noreturn void nmi_handler(void);

// Starts the program whose vector table is at vectors, as a reset would.
_Noreturn void start_program(uint32_t vectors);

#endif
