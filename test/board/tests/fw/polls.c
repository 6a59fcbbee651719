// Loops in RAM that wait for the flash. One letter, one loop around an erase: what it counted, and
// SysTick's cycles for all of it.
#if defined F0 || defined F3
#include "regs_v2.h"
#else
#include "regs.h"
#endif

#define PAGE 0x08010000u

static volatile uint32_t memory;

// R0 what it counts, R1 a bound, R2 the flash controller, R3 1, R4 RAM, R6 SysTick. Leaves by
// label 2.
#define LOOP(counter, bound, body)                                                                 \
    do {                                                                                           \
        register uint32_t r0 __asm("r0") = (counter);                                              \
        register uint32_t r1 __asm("r1") = (bound);                                                \
        register uint32_t r2 __asm("r2") = 0x40022000;                                             \
        register uint32_t r3 __asm("r3") = 1;                                                      \
        register volatile uint32_t *r4 __asm("r4") = &memory;                                      \
        register uint32_t r6 __asm("r6") = 0xE000E010;                                             \
        FLASH_CR = 2;                                                                              \
        FLASH_AR = PAGE;                                                                           \
        FLASH_CR = 0x42;                                                                           \
        __asm volatile("nop\n" body "2:"                                                           \
                       : "+l"(r0), "+l"(r1), "+l"(r2), "+l"(r3), "+l"(r4), "+l"(r6)                \
                       :                                                                           \
                       : "r5", "cc", "memory");                                                    \
        left = FLASH_SR & 1u;                                                                      \
        counted = r0;                                                                              \
    } while (0)

#define LOOK "1: ldr r5, [r2, #12]\n tst r5, r3\n beq 2f\n"

RAMCODE static void wait(int loop) {
    uint32_t counted = 0, left = 0;
    STK_LOAD = 0xFFFFFF;
    STK_VAL = 0;
    STK_CTRL = 5;
    switch (loop) {
    case 'a': // counts nothing
        LOOP(0, 0, LOOK "b 1b\n");
        break;
    case 'b': // up
        LOOP(0, 0, LOOK "adds r0, #1\n b 1b\n");
        break;
    case 'c': // down, to zero if need be
        LOOP(0x1000000, 0, LOOK "subs r0, #1\n bne 1b\n");
        break;
    case 'd': // gives up before the flash is done: at zero,
        LOOP(0x1000, 0, LOOK "subs r0, #1\n bne 1b\n");
        break;
    case 'e': // at a number,
        LOOP(0x1001, 0, LOOK "subs r0, #1\n cmp r0, #77\n bne 1b\n");
        break;
    case 'f': // at what another register has,
        LOOP(0, 0x1234, LOOK "adds r0, #1\n cmp r0, r1\n bcc 1b\n");
        break;
    case 'g': // when the sign turns
        LOOP(0x7ffff000, 0, LOOK "adds r0, #1\n bpl 1b\n");
        break;
    case 'h': // BSY by a shift
        LOOP(0, 0, "1: ldr r5, [r2, #12]\n lsls r5, r5, #31\n beq 2f\n adds r0, #3\n b 1b\n");
        break;
    // Each of these is more than a poll.
    case 'A': // a bit of the counter decides
        LOOP(0, 0x800, LOOK "adds r0, #1\n tst r0, r1\n beq 1b\n");
        break;
    case 'B': // stores
        LOOP(0, 0, LOOK "adds r0, #1\n str r0, [r4]\n b 1b\n");
        break;
    case 'C': // looks at a timer
        LOOP(0, 0, LOOK "ldr r0, [r6, #8]\n b 1b\n");
        break;
    case 'D': // counts twice
        LOOP(0, 0, LOOK "adds r0, #1\n adds r1, #1\n b 1b\n");
        break;
    case 'E': // what it counts is an address
        LOOP((uint32_t)&memory, 0, LOOK "ldr r1, [r4]\n adds r0, #4\n b 1b\n");
        break;
    case 'F': // one way out, one way around
        LOOP(0, 0x321, LOOK "adds r0, #1\n cmp r0, r1\n bne 3f\n adds r0, #128\n 3: b 1b\n");
        break;
    default:
        break;
    }
    while (FLASH_SR & 1u) {
    }
    uint32_t cycles = STK_LOAD - STK_VAL;
    STK_CTRL = 0;
    FLASH_CR = 0;
    put_hex(counted);
    put_hex(left);
    put_hex(cycles);
    put_hex(memory);
}

void main_(void) {
#if defined F0 || defined F3
    clock_start();
    uart_open(115200);
#else
    clock_64mhz();
    uart_open(64000000 / 115200);
#endif
    FLASH_KEYR = KEY1;
    FLASH_KEYR = KEY2;
    put_str("polls\n");
    for (;;) {
        wait(get());
        put('\n');
    }
}
