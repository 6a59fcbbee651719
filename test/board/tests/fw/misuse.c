// One letter, one mistake that real hardware would punish sooner or later.
#include "regs.h"

static void fast_without_wait_states(void) {
    FLASH_ACR = 0x10;
}

static void too_fast(void) {
    RCC_CFGR &= ~3u;
    while (RCC_CFGR & 12u) {
    }
    RCC_CR &= ~(1u << 24);
    RCC_CFGR = 1u << 16 | 15u << 18 | 4u << 8; // HSE * 16
    RCC_CR |= 1u << 16;
    while (!(RCC_CR & 1u << 17)) {
    }
    RCC_CR |= 1u << 24;
    while (!(RCC_CR & 1u << 25)) {
    }
    RCC_CFGR |= 2;
}

__attribute__((noinline)) static void deep(void) {
    volatile char room[1000];
    room[0] = 1;
    (void)room[0];
}

static void command(int c) {
    switch (c) {
    case 'l':
        fast_without_wait_states();
        break;
    case 'f':
        too_fast();
        break;
    case '1': // PCLK1 at 64 MHz
        RCC_CFGR &= ~(7u << 8);
        break;
    case 'p': // PLL changed while on
        RCC_CFGR ^= 1u << 18;
        break;
    case 'g': // clock gate off
        REG(0x40010C00) = 0;
        break;
    case 'u': // nothing there
        (void)REG(0x40005400);
        break;
    case 'd': // a byte is lost
        USART_DR = 'a';
        USART_DR = 'b';
        USART_DR = 'c';
        break;
    case 'v': // vector table not aligned
        SCB_VTOR = 0x08000040;
        break;
    case 'a': // reset without the key
        SCB_AIRCR = 4;
        break;
    case 'r': // code in the ROM
        ((void (*)(void))0x1FFFF011)();
        break;
    case 'h': // half-word access to a word register
        REG16(0x40021004) = 0;
        break;
    case 's': // more stack than is reserved
        deep();
        break;
    default:
        put('?');
    }
    put_str("unnoticed\n");
}

void main_(void) {
    clock_64mhz();
    uart_open(64000000 / 115200);
    put_str("misuse\n");
    for (;;) {
        command(get());
    }
}
