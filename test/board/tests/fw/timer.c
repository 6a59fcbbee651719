// Timers as a HAL's time base. '1', '3', '6': interrupts of TIM1, 3, 6 in 50 ms of SysTick, at 1
// kHz, after a change of the prescaler at 2 kHz, and with the timer stopped. 'h' switches HSE on.
#if defined F0 || defined F3
#include "regs_v2.h"
#else
#include "regs.h"
#define HZ 64000000u
#endif

static volatile uint32_t updates;
static uint32_t timer;

static void interrupt(void) {
    REG(timer + 0x10) = ~1u;
    updates++;
}

void irq_tim1(void) {
    interrupt();
}

void irq_tim3(void) {
    interrupt();
}

void irq_tim6(void) {
    interrupt();
}

static void count_50ms(void) {
    updates = 0;
    STK_LOAD = HZ / 20 - 1;
    STK_VAL = 0;
    STK_CTRL = 5;
    while (!(STK_CTRL & 1u << 16)) {
    }
    put_hex(updates);
}

static void run(uint32_t base, uint32_t irq) {
    timer = base;
    REG(base + 0x28) = HZ / 1000000u - 1;
    REG(base + 0x2C) = 999;
    REG(base + 0x14) = 1; // takes the prescaler over, and sets UIF
    REG(base + 0x10) = 0;
    NVIC_ISER(irq / 32) = 1u << irq % 32;
    REG(base + 0x0C) = 1;
    REG(base) = 1;
    count_50ms();
    REG(base + 0x28) = HZ / 2000000u - 1; // from the next update on
    count_50ms();
    put_hex(REG(base + 0x24) < 1000u);
    REG(base) = 0;
    count_50ms();
    put('\n');
}

void main_(void) {
#if defined F0 || defined F3
    clock_start();
    uart_open(115200);
#else
    clock_64mhz();
    uart_open(64000000u / 115200u);
#endif
    RCC_APB1ENR |= 1u << 1 | 1u << 4;
    RCC_APB2ENR |= 1u << 11;
    put_str("timer\n");
    for (;;) {
        switch (get()) {
        case '1':
            run(0x40012C00, TIM1_IRQ);
            break;
        case '3':
            run(0x40000400, TIM3_IRQ);
            break;
        case '6':
            run(0x40001000, TIM6_IRQ);
            break;
        case 'h':
            RCC_CR |= 1u << 16;
            put_str("on\n");
            break;
        }
    }
}
