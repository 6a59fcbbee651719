// Flash controller: right use, and each misuse with what silicon makes of it.
#include "faults.h"
#include "regs.h"

#define PAGE    0x08010000u
#define OPTKEYR REG(0x40022008)

static void unlock(void) {
    FLASH_KEYR = KEY1;
    FLASH_KEYR = KEY2;
}

static void wait(void) {
    __asm volatile("nop");
    while (FLASH_SR & 1u) {
    }
}

static void erase(uint32_t page) {
    FLASH_CR = 2;
    FLASH_AR = page;
    FLASH_CR = 0x42;
    wait();
    FLASH_CR = 0;
}

static void program(uint32_t address, uint16_t value) {
    FLASH_CR = 1;
    REG16(address) = value;
    wait();
    FLASH_CR = 0;
}

static void report(uint32_t address) {
    put_hex(FLASH_SR);
    put_hex(REG16(address));
    FLASH_SR = 0x34;
}

// STRT, and SR read by the very next instruction and by the one after.
RAMCODE static uint32_t bsy_after_strt(void) {
    uint32_t first, second;
    FLASH_CR = 2;
    FLASH_AR = PAGE;
    __asm volatile("str %2, [%3, #16]; ldr %0, [%3, #12]; ldr %1, [%3, #12]"
                   : "=&r"(first), "=&r"(second)
                   : "r"(0x42), "r"(0x40022000)
                   : "memory");
    while (FLASH_SR & 1u) {
    }
    FLASH_CR = 0;
    FLASH_SR = 0x34;
    return first << 4 | second;
}

RAMCODE static uint32_t polls_in_ram(void) {
    uint32_t n = 0;
    FLASH_CR = 2;
    FLASH_AR = PAGE;
    FLASH_CR = 0x42;
    __asm volatile("nop");
    while (FLASH_SR & 1u) {
        n++;
    }
    FLASH_CR = 0;
    return n;
}

// A data read of flash stands still until the erase is over.
RAMCODE static uint32_t read_while_busy(void) {
    FLASH_CR = 2;
    FLASH_AR = PAGE;
    FLASH_CR = 0x42;
    __asm volatile("nop");
    uint32_t before = FLASH_SR & 1u;
    (void)REG16(PAGE);
    uint32_t after = FLASH_SR & 1u;
    FLASH_CR = 0;
    return before << 4 | after;
}

RAMCODE static void write_while_busy(void) {
    FLASH_CR = 2;
    FLASH_AR = PAGE;
    FLASH_CR = 0x42;
    FLASH_AR = PAGE + 0x800;
}

static void stalled_erase(void) {
    STK_LOAD = 64000 - 1;
    STK_VAL = 0;
    STK_CTRL = 5;
    uint32_t start = DWT_CYCCNT;
    erase(PAGE);
    put_hex((DWT_CYCCNT - start) / 64000); // ms
}

static void protect_first_pages(void) {
    unlock();
    OPTKEYR = KEY1;
    OPTKEYR = KEY2;
    FLASH_CR = 0x220;
    FLASH_CR = 0x260;
    wait();
    FLASH_CR = 0x210;
    REG16(0x1FFFF800) = 0xA5;
    wait();
    REG16(0x1FFFF808) = 0xFE; // WRP0: the first 4 KB
    wait();
    FLASH_CR = 0x80;
}

static void misuse(int c) {
    switch (c) {
    case 'g': // two operations at once
        FLASH_CR = 3;
        break;
    case 'M':
        FLASH_CR = 4;
        FLASH_CR = 0x44;
        break;
    case 'L':
        FLASH_CR = 0x80;
        FLASH_CR = 1;
        break;
    case 'B':
        write_while_busy();
        break;
    case 'A': // outside the flash
        FLASH_CR = 2;
        FLASH_AR = 0x09000000;
        FLASH_CR = 0x42;
        break;
    case 'H': // HSI off: needs a crystal
        RCC_CR |= 1u << 16;
        while (!(RCC_CR & 1u << 17)) {
        }
        RCC_CFGR = (RCC_CFGR & ~3u) | 1;
        while ((RCC_CFGR & 12u) != 4u) {
        }
        RCC_CR &= ~(1u << 24);
        RCC_CR &= ~1u;
        program(PAGE, 1);
        break;
    default:
        put('?');
    }
}

static void bus_faults(int c) {
    if (c != 'K') {
        FLASH_CR = c == 'c' ? 0 : 1;
    }
    if (c == 'b') {
        *(volatile uint8_t *)PAGE = 0x12;
    } else if (c == 'W') {
        REG(PAGE) = 0x12345678;
    } else if (c == 'k') {
        FLASH_CR = 0x80;
        FLASH_KEYR = 0x12345678;
    } else if (c == 'K') {
        FLASH_KEYR = KEY1;
    } else {
        REG16(PAGE) = 0x1234;
    }
    __asm volatile("dsb; nop; nop");
    report_fault();
    put_hex(FLASH_CR);
    put_hex(REG16(PAGE));
    faults = 0;
}

static void command(int c) {
    switch (c) {
    case 'e':
        erase(PAGE);
        report(PAGE);
        break;
    case 'p':
        program(PAGE, 0x1234);
        report(PAGE);
        break;
    case 'q':
        program(PAGE, 0x1200);
        report(PAGE);
        break;
    case 'z':
        program(PAGE, 0);
        report(PAGE);
        break;
    case 's':
        put_hex(bsy_after_strt());
        break;
    case 'R':
        put_hex(polls_in_ram() > 1000);
        break;
    case 'd':
        put_hex(read_while_busy());
        break;
    case 't':
        stalled_erase();
        break;
    case 'o':
        protect_first_pages();
        break;
    case 'v': // the voltage detector, 2.7 V
        RCC_APB1ENR |= 1u << 28;
        REG(0x40007000) = 5u << 5 | 1u << 4;
        put_hex(REG(0x40007004));
        break;
    case 'V':
        put_hex(REG(0x40007004));
        break;
    case 'w':
        program(0x08000F00, 0x1234);
        report(0x08000F00);
        erase(0x08000000);
        report(0x08000F00);
        break;
    case 'b':
    case 'W':
    case 'c':
    case 'k':
    case 'K':
        bus_faults(c);
        break;
    default:
        misuse(c);
    }
    put('\n');
}

void main_(void) {
    clock_64mhz();
    uart_open(64000000 / 115200);
    DWT_CTRL = 1;
    unlock();
    put_str("fpec\n");
    for (;;) {
        command(get());
    }
}
