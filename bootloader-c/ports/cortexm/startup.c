// Vector table, reset and fault handlers of the bootloader. It uses no interrupts.
#include "cortexm.h"

#include <stdbool.h>

#include "iap_mailbox.h"

extern const uint32_t link_boot[];
extern uint32_t link_stack_top[];
extern uint32_t link_ram_begin[];
extern uint32_t link_data_begin[];
extern uint32_t link_data_end[];
extern const uint32_t link_data_load[];
extern uint32_t link_bss_begin[];
extern uint32_t link_bss_end[];

int main(void);

#define STACKED_PC    6u          // word in an exception frame
#define SYSTEM_MEMORY 0x10000000u // and what is behind it, up to SRAM

// Tells the first pass after the reset that the bootloader itself failed, so that it does not fail
// again.
void fault(const uint32_t *frame);
__attribute__((used, noreturn)) void fault(const uint32_t *frame) {
    struct iap_mailbox mailbox = {.request = IAP_REQUEST_FAULT,
                                  .token = SCB_ICSR & ICSR_VECTACTIVE};
    mask_interrupts();
    if ((uintptr_t)frame % 4 == 0 && frame >= link_ram_begin &&
        frame + STACKED_PC < link_stack_top) {
        mailbox.address = frame[STACKED_PC];
    }
    iap_mailbox_pack(MAILBOX, &mailbox);
    system_reset();
}

// The stack pointer may be what failed: it is only passed on, and a good one is used.
__attribute__((naked, noreturn)) static void fault_handler(void) {
    __asm volatile("mrs r0, msp\n"
                   "ldr r1, =link_stack_top\n"
                   "msr msp, r1\n"
                   "bl fault\n" // b reaches no more than 2 KB on a Cortex-M0
                   ".ltorg\n");
}

__attribute__((weak, noreturn, alias("fault_handler"))) void nmi_handler(void);

// An application's vectors are in force, in flash or in RAM, where it jumped here instead of
// resetting. A reset leaves address 0, and ST's ROM bootloader that or system memory: its Go must
// not be answered by a reset back into it.
static bool entered_by_application(void) {
    uint32_t address = vectors_address();
    return address > (uint32_t)(uintptr_t)link_boot && address / SYSTEM_MEMORY != 1;
}

// Global, as fault is, because only assembly names it.
_Noreturn void begin(void);
__attribute__((used)) _Noreturn void begin(void) {
    if (entered_by_application()) {
        system_reset(); // nothing that it left on, such as DMA, can do harm then
    }
    const uint32_t *from = link_data_load;
    for (uint32_t *to = link_data_begin; to < link_data_end; to++) {
        *to = *from++;
    }
    for (uint32_t *to = link_bss_begin; to < link_bss_end; to++) {
        *to = 0;
    }
    (void)main();
    system_reset();
}

// Whoever jumps here may have interrupts on, and any stack.
_Noreturn void reset_handler(void);
__attribute__((naked, noreturn)) void reset_handler(void) {
    __asm volatile("cpsid i\n"
                   "ldr r0, =link_stack_top\n"
                   "msr msp, r0\n"
                   "movs r0, #0\n"
                   "msr control, r0\n"
                   "isb\n"
                   "bl begin\n"
                   ".ltorg\n");
}

typedef void handler(void);

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack_top;
    handler *handlers[15];
} vectors = {
    link_stack_top,
    {
        reset_handler, // 1
        nmi_handler,   // 2
        fault_handler, // 3 HardFault
        fault_handler, // 4 MemManage
        fault_handler, // 5 BusFault
        fault_handler, // 6 UsageFault
        fault_handler, fault_handler, fault_handler, fault_handler,
        fault_handler, // 11 SVCall
        fault_handler, fault_handler,
        fault_handler, // 14 PendSV
        fault_handler, // 15 SysTick
    },
};
