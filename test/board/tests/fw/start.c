// Reset, vectors and weak handlers of the test firmwares. A handler not given stops the test.
#include <stdint.h>

#if defined F0 || defined F3
#include "regs_v2.h" // DMA_IRQ, USART_IRQ
#else
#include "regs.h"
#endif

typedef void (*vector)(void);
extern uint32_t stack_top;

extern uint32_t data_load, data_start, data_end, bss_start, bss_end;
void main_(void);

void start(void);
void start(void) {
    uint32_t *s = &data_load;
    for (uint32_t *d = &data_start; d < &data_end; d++) {
        *d = *s++;
    }
    for (uint32_t *d = &bss_start; d < &bss_end; d++) {
        *d = 0;
    }
    main_();
    for (;;) {
    }
}

void unexpected(void) {
    for (;;) {
    }
}

#define WEAK(name) void name(void) __attribute__((weak, alias("unexpected")))
WEAK(nmi);
WEAK(hardfault);
WEAK(memfault);
WEAK(busfault);
WEAK(usagefault);
WEAK(svc);
WEAK(pendsv);
WEAK(systick);
WEAK(irq6);
WEAK(irq7);
WEAK(irq8);
WEAK(irq_dma5);
WEAK(irq_dma_rx);
WEAK(irq_usart1);
WEAK(irq_usart);
WEAK(irq_tim1);
WEAK(irq_tim3);
WEAK(irq_tim6);

__attribute__((section(".vectors"), used)) static const vector vectors[16 + 56] = {
    (vector)(void *)&stack_top,
    start,
    nmi,
    hardfault,
    memfault,
    busfault,
    usagefault,
    [11] = svc,
    [14] = pendsv,
    [15] = systick,
    [16 + 6] = irq6,
    [16 + 7] = irq7,
    [16 + 8] = irq8,
    [16 + TIM1_IRQ] = irq_tim1,
    [16 + TIM3_IRQ] = irq_tim3,
    [16 + TIM6_IRQ] = irq_tim6,
#ifdef USART_IRQ
    [16 + DMA_IRQ] = irq_dma_rx,
    [16 + USART_IRQ] = irq_usart,
#else
    [16 + 15] = irq_dma5,
    [16 + 37] = irq_usart1,
#endif
};
