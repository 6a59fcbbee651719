// A function that takes long. 'a': its address; 'm': what it gives, in which time; 'v': another
// argument from now on; 'g': it depends on something else, too; 'w': it writes something; 'd': a
// watchdog of 3 ms.
#include "regs.h"

static uint8_t block[64];
static volatile uint32_t secret, written;
static volatile uint32_t does_write;

__attribute__((noinline)) static uint32_t mix(const uint8_t *a, const uint8_t *b,
                                              const uint8_t *c) {
    uint32_t x = 1 + secret;
    for (int round = 0; round < 300; round++) {
        for (int i = 0; i < 64; i++) {
            x = (x ^ a[i] ^ (uint32_t)b[i] << 8 ^ (uint32_t)c[i & 31] << 16) * 1664525u +
                1013904223u;
        }
    }
    if (does_write) {
        written++;
    }
    return x;
}

void main_(void) {
    clock_64mhz();
    uart_open(64000000 / 115200);
    REG(0xE000EDFC) |= 1u << 24;
    DWT_CTRL = 1;
    put_str("memo\n");
    for (;;) {
        int c = get();
        uint32_t start = DWT_CYCCNT;
        switch (c) {
        case 'a':
            put_hex((uint32_t)mix);
            break;
        case 'm': {
            uint32_t result = mix(block, (const uint8_t *)0x08000000, (const uint8_t *)0x08000040);
            uint32_t cycles = DWT_CYCCNT - start;
            put_hex(result);
            put_hex(cycles);
            break;
        }
        case 'v':
            block[63]++;
            break;
        case 'g':
            secret = 1;
            break;
        case 'w':
            does_write = 1;
            break;
        case 'd':
            IWDG_KR = 0xCCCC;
            IWDG_KR = 0x5555;
            IWDG_RLR = 30; // of 0.1 ms
            while (IWDG_SR) {
            }
            IWDG_KR = 0xAAAA;
            break;
        default:
            break;
        }
        put('\n');
    }
}
