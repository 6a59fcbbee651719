// Vector table and reset handler as ST's packages have them: the same names of sections, symbols
// and handlers, so that a project with ST's own startup_stm32*.s uses that one instead.
#include "sections.h"

int main(void);
void SystemInit(void);
void __libc_init_array(void);
void Reset_Handler(void);
void Default_Handler(void);
void NMI_Handler(void);
void HardFault_Handler(void);
void SVC_Handler(void);
void PendSV_Handler(void);
void SysTick_Handler(void);

void Reset_Handler(void) {
    SystemInit();
    sections_init();
    __libc_init_array(); // constructors
    (void)main();
    Default_Handler();
}

void Default_Handler(void) {
    for (;;) {
    }
}

#define WEAK __attribute__((weak, alias("Default_Handler")))

WEAK void NMI_Handler(void);
WEAK void HardFault_Handler(void);
WEAK void SVC_Handler(void);
WEAK void PendSV_Handler(void);
WEAK void SysTick_Handler(void);

// The clock stays as a reset leaves it, and the vector table where the bootloader has set it.
__attribute__((weak)) void SystemInit(void) {}

typedef void handler(void);

// The examples use no interrupts of peripherals; a product's table goes on here.
__attribute__((section(".isr_vector"), used)) static const struct {
    uint32_t *stack_top;
    handler *handlers[15];
} vectors = {
    _estack,
    {
        Reset_Handler,
        NMI_Handler,
        HardFault_Handler,
        Default_Handler, // MemManage; reserved on a Cortex-M0, like the next two
        Default_Handler, // BusFault
        Default_Handler, // UsageFault
        0,
        0,
        0,
        0,
        SVC_Handler,
        Default_Handler, // DebugMon
        0,
        PendSV_Handler,
        SysTick_Handler,
    },
};
