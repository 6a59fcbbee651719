// SysTick and polled USART echo: the banner, then each byte back plus one; 't' prints ticks.
#include "regs.h"

static volatile uint32_t ticks;

void systick(void) {
    ticks++;
}

void main_(void) {
    clock_64mhz();
    uart_open(64000000 / 115200);
    STK_LOAD = 64000 - 1;
    STK_VAL = 0;
    STK_CTRL = 7;
    put_str("boot\n");
    for (;;) {
        int c = get();
        if (c == 't') {
            put_hex(ticks);
        } else {
            put((uint8_t)(c + 1));
        }
    }
}
