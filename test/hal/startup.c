// A vector table with the interrupts of peripherals, as ST's start-up files have it: each goes to
// the default handler until somebody defines its name.
#include "sections.h"

int main(void);
void Reset_Handler(void);
void Default_Handler(void);
void SysTick_Handler(void);
void USART1_IRQHandler(void);
void DMA1_Channel5_IRQHandler(void);
void DMA1_Channel2_3_IRQHandler(void);

void Reset_Handler(void) {
    sections_init();
    (void)main();
    Default_Handler();
}

void Default_Handler(void) {
    for (;;) {
    }
}

#define WEAK __attribute__((weak, alias("Default_Handler")))

WEAK void SysTick_Handler(void);
WEAK void USART1_IRQHandler(void);
WEAK void DMA1_Channel5_IRQHandler(void);
WEAK void DMA1_Channel2_3_IRQHandler(void);

typedef void handler(void);

#ifdef FAMILY_F0
#define DMA_IRQ    10
#define DMA        DMA1_Channel2_3_IRQHandler
#define USART1_IRQ 27
#else
#define DMA_IRQ    15
#define DMA        DMA1_Channel5_IRQHandler
#define USART1_IRQ 37
#endif

__attribute__((section(".isr_vector"), used)) static const struct {
    uint32_t *stack_top;
    handler *handlers[15];
    handler *interrupts[USART1_IRQ + 2];
} vectors = {
    .stack_top = _estack,
    .handlers = {[0] = Reset_Handler, [1 ... 13] = Default_Handler, [14] = SysTick_Handler},
    .interrupts = {[0 ... DMA_IRQ - 1] = Default_Handler,
                   [DMA_IRQ] = DMA,
                   [DMA_IRQ + 1 ... USART1_IRQ - 1] = Default_Handler,
                   [USART1_IRQ] = USART1_IRQHandler,
                   [USART1_IRQ + 1] = Default_Handler},
};
