// The CRC unit. One letter, one experiment; after '!' one mistake.
#if defined F0 || defined F3
#include "regs_v2.h"
#else
#include "regs.h"
#endif

#define CRC_DR   0x40023000u
#define CRC_IDR  REG(0x40023004)
#define CRC_CR   REG(0x40023008)
#define CRC_INIT REG(0x40023010)
#define CRC_POL  REG(0x40023014)

#define REV_BYTES      (1u << 5)
#define REV_HALF_WORDS (2u << 5)
#define REV_WORDS      (3u << 5)
#define REV_OUT        (1u << 7)

static void clock_on(void) {
    RCC_AHBENR |= 1u << 6;
}

static void at_reset(void) {
    put_hex(REG(CRC_DR));
    put_hex(CRC_IDR);
    put_hex(CRC_CR);
}

static void zero(void) {
    CRC_CR = 1;
    REG(CRC_DR) = 0;
    put_hex(REG(CRC_DR));
    put_hex(CRC_CR); // RESET clears itself
    CRC_CR = 1;
    put_hex(REG(CRC_DR));
}

// RESET leaves it alone.
static void independent(void) {
    CRC_IDR = 0x1A5;
    CRC_CR = 1;
    put_hex(CRC_IDR);
}

// Cycles of 16 words written one behind the other, less those of as many stores to RAM.
static void cycles(void) {
    uint32_t sum[2];
    static volatile uint32_t memory;
    for (int i = 0; i < 2; i++) {
        volatile uint32_t *to = i ? (volatile uint32_t *)CRC_DR : &memory;
        STK_LOAD = 0xFFFFFF;
        STK_VAL = 0;
        STK_CTRL = 5;
        *to = 0, *to = 0, *to = 0, *to = 0, *to = 0, *to = 0, *to = 0, *to = 0;
        *to = 0, *to = 0, *to = 0, *to = 0, *to = 0, *to = 0, *to = 0, *to = 0;
        sum[i] = STK_LOAD - STK_VAL;
        STK_CTRL = 0;
    }
    put_hex(sum[1] - sum[0]);
}

#if defined F0 || defined F3
static void reversible(void) {
    CRC_CR = REV_OUT | REV_BYTES | 1;
    for (const char *c = "123456789"; *c; c++) {
        REG8(CRC_DR) = (uint8_t)*c;
    }
    put_hex(~REG(CRC_DR));
    CRC_CR = REV_OUT | REV_WORDS | 1;
    REG(CRC_DR) = 0x34333231;
    REG(CRC_DR) = 0x38373635;
    CRC_CR = REV_OUT | REV_BYTES; // goes on
    REG8(CRC_DR) = '9';
    put_hex(~REG(CRC_DR));
    CRC_CR = REV_OUT | REV_HALF_WORDS | 1;
    REG16(CRC_DR) = 0x3231;
    REG(CRC_DR) = 0x36353433; // two half-words, the upper one first
    put_hex(~REG(CRC_DR));
    CRC_CR = 1;
    for (const char *c = "123456789"; *c; c++) {
        REG8(CRC_DR) = (uint8_t)*c;
    }
    put_hex(REG(CRC_DR));
    put_hex(REG16(CRC_DR));
}

static void start_value(void) {
    put_hex(CRC_INIT);
    CRC_INIT = 0x12345678;
    put_hex(REG(CRC_DR));
    REG(CRC_DR) = 1;
    CRC_CR = 1;
    put_hex(REG(CRC_DR));
    CRC_CR = REV_OUT;
    put_hex(REG(CRC_DR));
}

static void mistake(int c) {
    switch (c) {
    case 'h': // only the data register
        REG16(&CRC_CR) = 0;
        break;
    case 'b':
        (void)REG8(&CRC_IDR);
        break;
    case 'o': // not right-aligned
        REG8(CRC_DR + 1) = 0;
        break;
    case 'r': // a byte in a word's reversal
        CRC_CR = REV_WORDS;
        REG8(CRC_DR) = 0;
        break;
    case 'p':
        CRC_CR = 1u << 3;
        break;
    case 'P':
        CRC_POL = 0x04C11DB7;
        break;
    }
}
#else
static void mistake(int c) {
    switch (c) {
    case 'h':
        REG16(CRC_DR) = 0;
        break;
    case 'b':
        REG8(CRC_DR) = 0;
        break;
    case 'r':
        CRC_CR = REV_WORDS;
        break;
    case 'i':
        CRC_INIT = 0;
        break;
    }
}
#endif

static void command(int c) {
    switch (c) {
    case 'g': // its clock is off
        put_hex(RCC_AHBENR >> 6 & 1u);
        REG(CRC_DR) = 0;
        break;
    case 'a':
        at_reset();
        break;
    case '0':
        zero();
        break;
    case 'i':
        independent();
        break;
    case 'c':
        cycles();
        break;
#if defined F0 || defined F3
    case 'r':
        reversible();
        break;
    case 's':
        start_value();
        break;
#endif
    case '!':
        mistake(get());
        put_str("unnoticed");
        break;
    }
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
    put_str("crc\n");
    for (;;) {
        int c = get();
        if (c != 'g') {
            clock_on();
        }
        command(c);
    }
}
