// What survives which reset, the watchdog, and the way into an application.
#include "regs.h"

#define MAILBOX REG(0x20001FE0)

static void reset(void) {
    __asm volatile("dsb");
    SCB_AIRCR = 0x05FA0004;
    for (;;) {
    }
}

static void watchdog(uint32_t pr, uint32_t rlr) {
    IWDG_KR = 0xCCCC;
    IWDG_KR = 0x5555;
    IWDG_PR = pr;
    IWDG_RLR = rlr;
    while (IWDG_SR) {
    }
    IWDG_KR = 0xAAAA;
}

static void __attribute__((naked)) jump(uint32_t sp, uint32_t pc) {
    __asm volatile("msr msp, r0; bx r1");
    (void)sp, (void)pc;
}

static void command(int c) {
    switch (c) {
    case 'm':
        MAILBOX = 0xC0FFEE;
        break;
    case 'r':
        reset();
        break;
    case 'c':
        RCC_CSR = 1u << 24;
        break;
    case 'w': // 40 kHz / 4, 100 counts: 10 ms
        watchdog(0, 99);
        break;
    case 'W':
        watchdog(6, 0xFFF);
        break;
    case 'f':
        IWDG_KR = 0xAAAA;
        break;
    case 'p': // without its key
        IWDG_PR = 3;
        break;
    case 'L':
        __asm volatile("cpsid f; udf #0");
        break;
    case 'z':
        __asm volatile("cpsid i; wfi");
        break;
    case 'j':
        flush();
        SCB_VTOR = 0x08008000;
        jump(REG(0x08008000), REG(0x08008004));
        break;
    case 'b':
        RCC_APB2ENR |= 4;
        put_hex(GPIOA_IDR & 1u);
        break;
    default:
        put('?');
    }
    put('\n');
}

void main_(void) {
    clock_64mhz();
    uart_open(64000000 / 115200);
    put_str("boot ");
    put_hex(RCC_CSR);
    put_hex(MAILBOX);
    put('\n');
    for (;;) {
        command(get());
    }
}
