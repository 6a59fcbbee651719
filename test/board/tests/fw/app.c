// An application: own vectors, SysTick interrupt, receive interrupt, and careless accesses.
#include "regs.h"

static volatile uint32_t ticks, got;

void systick(void) {
    ticks++;
}

void irq_usart1(void) {
    got = USART_DR;
}

void main_(void) {
    STK_LOAD = 64000 - 1;
    STK_VAL = 0;
    STK_CTRL = 7;
    USART_CR1 |= 1u << 5;
    NVIC_ISER(1) = 1u << 5;
    put_str("app\n");
    for (;;) {
        uint32_t c = got;
        if (c) { // not always: a byte may come between the two lines
            got = 0;
        }
        if (c == 't') {
            put_hex(ticks > 5);
            put('\n');
        } else if (c == 'u') {
            (void)REG(0x40005400); // I2C1
            (void)REG(0x40005400);
            REG(0x40011000) = 0; // GPIOC, clock off
            put_str("still here\n");
        } else if (c == 'r') {
            SCB_AIRCR = 0x05FA0004;
        }
    }
}
