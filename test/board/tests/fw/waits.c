// Ways to wait and to be busy; each prints how many cycles it took and what came of it.
#include "regs.h"

static volatile uint32_t ticks;

void systick(void) {
    ticks++;
}

// A time-out that counts its looks: this crystal is not there.
static uint32_t count_looks(void) {
    uint32_t looks = 0;
    while (looks < 200000 && !(RCC_CR & 1u << 17)) {
        looks++;
    }
    return looks;
}

static uint32_t delays(void) {
    for (int i = 0; i < 20; i++) {
        uint32_t start = DWT_CYCCNT;
        while (DWT_CYCCNT - start < 2000 * 64) {
        }
    }
    return 20;
}

static uint32_t sleep_by_ticks(void) {
    uint32_t start = ticks;
    while (ticks - start < 100) {
    }
    return 100;
}

static uint32_t compute(void) {
    uint32_t x = 1;
    for (int i = 0; i < 200000; i++) {
        x = x * 1664525u + 1013904223u + (RCC_CR & 1u);
    }
    return x;
}

// Of a cell that reads differently each time.
static uint32_t wait_for_zero(void) {
    while (REG16(0x08010000) != 0) {
    }
    return 0;
}

void main_(void) {
    clock_64mhz();
    uart_open(64000000 / 115200);
    REG(0xE000EDFC) |= 1u << 24;
    DWT_CTRL = 1;
    STK_LOAD = 64000 - 1;
    STK_VAL = 0;
    STK_CTRL = 7;
    put_str("boot\n");
    for (;;) {
        int c = get();
        uint32_t start = DWT_CYCCNT, result = 0;
        switch (c) {
        case 'l':
            result = count_looks();
            break;
        case 'd':
            result = delays();
            break;
        case 's':
            result = sleep_by_ticks();
            break;
        case 'c':
            result = compute();
            break;
        case 'z':
            result = wait_for_zero();
            break;
        case 't':
            result = ticks;
            break;
        default:
            break;
        }
        put_hex(DWT_CYCCNT - start);
        put_hex(result);
        put('\n');
    }
}
