// Peripherals as F0 and F3 have them. One letter, one experiment; after '!' one mistake.
#include "regs_v2.h"

#define PAGE    0x0800C000u
#define OPTKEYR REG(0x40022008)
#define OBR     REG(0x4002201C)

static uint8_t ring[64];
static volatile uint32_t half, full, received;

static void dma_interrupt(void) {
    uint32_t isr = DMA_ISR >> (4 * (DMA_RX - 1));
    half += isr >> 2 & 1u;
    full += isr >> 1 & 1u;
    DMA_IFCR = 0xFu << (4 * (DMA_RX - 1));
}

void irq_dma_rx(void) {
    dma_interrupt();
}

void irq_usart(void) {
    received = received << 8 | USART_RDR;
}

static void wait_us(uint32_t us) {
    STK_LOAD = us * (HZ / 1000000u);
    STK_VAL = 0;
    STK_CTRL = 5;
    while (!(STK_CTRL & 1u << 16)) {
    }
    STK_CTRL = 0;
}

// Without OVRDIS the first byte is kept, and nothing comes in until ORE is cleared.
static void overrun(void) {
    wait_us(2000);
    put_hex(USART_RDR);
    put_hex(USART_ISR & 0x28u);
    (void)USART_RDR; // does not clear it, as it does on F1
    put_hex(USART_ISR & 0x28u);
    USART_ICR = 1u << 3;
    put_hex(USART_ISR & 0x28u);
}

static void without_overrun(void) {
    flush();
    USART_CR1 = 0;
    USART_CR3 = 1u << 12;
    USART_CR1 = 0x0D;
    wait_us(2000);
    put_hex(USART_ISR & 0x28u);
    put_hex(USART_RDR); // the last
    flush();
    USART_CR1 = 0;
    USART_CR3 = 0;
    USART_CR1 = 0x0D;
}

static void idle(void) {
    wait_us(500);
    uint32_t seen = USART_ISR & 0x10u;
    USART_ICR = 0x10;
    put_hex(seen);
    put_hex(USART_ISR & 0x10u);
}

static void transmit(void) {
    flush();
    USART_ICR = 1u << 6;
    uint32_t cleared = USART_ISR & 0x40u;
    USART_TDR = '.';
    uint32_t during = USART_ISR & 0xC0u;
    wait_us(300);
    uint32_t done = USART_ISR & 0xC0u;
    put_hex(cleared);
    put_hex(during);
    put_hex(done);
}

static void flags(void) {
    wait_us(300);                   // a byte is there
    put_hex(USART_ISR & 0x600020u); // REACK, TEACK, RXNE
    USART_RQR = 1u << 3;            // RXFRQ
    put_hex(USART_ISR & 0x20u);
    wait_us(300);
    flush();
    USART_CR1 = 0; // UE off: flags as after reset
    uint32_t off = USART_ISR;
    USART_CR1 = 0x0D;
    put_hex(off);
}

static void by_interrupt(void) {
    received = 0;
    NVIC_ISER(USART_IRQ / 32) = 1u << (USART_IRQ % 32);
    USART_CR1 |= 1u << 5;
    wait_us(1000);
    USART_CR1 &= ~(1u << 5);
    put_hex(received);
}

static void unlock(void) {
    if (FLASH_CR & 0x80u) {
        FLASH_KEYR = KEY1;
        FLASH_KEYR = KEY2;
    }
}

static void erase(uint32_t page) {
    unlock();
    FLASH_CR = 2;
    FLASH_AR = page;
    FLASH_CR = 0x42;
    __asm volatile("nop");
    while (FLASH_SR & 1u) {
    }
    FLASH_CR = 0;
}

static void program(uint32_t address, uint16_t value) {
    unlock();
    FLASH_CR = 1;
    REG16(address) = value;
    while (FLASH_SR & 1u) {
    }
    FLASH_CR = 0;
}

static void report_flash(uint32_t address) {
    put_hex(FLASH_SR);
    put_hex(REG16(address));
    FLASH_SR = 0x34;
}

static void flash(void) {
    erase(PAGE);
    report_flash(PAGE);
    program(PAGE, 0x1234);
    report_flash(PAGE);
    program(PAGE, 0x1200);
    report_flash(PAGE);
    program(PAGE, 0);
    report_flash(PAGE);
}

static volatile uint32_t ram_vectors[64] __attribute__((section(".ramvectors"), aligned(256)));
static volatile uint32_t busy_in_handler;

RAMCODE void irq6(void) {
    busy_in_handler = FLASH_SR & 1u;
}

// An interrupt during an erase: is the erase still going on in the handler, which is in SRAM?
RAMCODE static uint32_t interrupted_erase(void) {
    FLASH_CR = 2;
    FLASH_AR = PAGE;
    FLASH_CR = 0x42;
    __asm volatile("nop");
    NVIC_ISPR(0) = 1u << 6;
    __asm volatile("dsb; isb");
    while (FLASH_SR & 1u) {
    }
    FLASH_CR = 0;
    return busy_in_handler;
}

// Vectors in flash stall with the rest of it, vectors in SRAM do not.
static void vectors(void) {
    unlock();
    NVIC_ISER(0) = 1u << 6;
    put_hex(interrupted_erase());
    for (int i = 0; i < 64; i++) {
        ram_vectors[i] = REG(0x08000000 + 4 * i);
    }
#ifdef F0
    RCC_APB2ENR |= 1;
    SYSCFG_CFGR1 = 3;
#else
    SCB_VTOR = (uint32_t)ram_vectors;
#endif
    put_hex(interrupted_erase());
}

static void dma_ring(uint32_t channel) {
    RCC_AHBENR |= 1;
    DMA_CCR(channel) = 0;
    DMA_CPAR(channel) = USART_RDR_ADDR;
    DMA_CMAR(channel) = (uint32_t)ring;
    DMA_CNDTR(channel) = sizeof ring;
    DMA_CCR(channel) = 0xA7; // MINC, CIRC, HTIE, TCIE, EN
    USART_CR3 |= 1u << 6;
}

// Bytes that came while the CPU stood still for an erase, and what the interrupts counted.
static void dma_while_erasing(void) {
    half = full = 0;
    NVIC_ISER(0) = 1u << DMA_IRQ;
    dma_ring(DMA_RX);
    erase(PAGE);
    wait_us(2000);
    put_hex(sizeof ring - DMA_CNDTR(DMA_RX));
    put_hex(half);
    put_hex(full);
    put_hex(USART_ISR & 8u);
    DMA_CCR(DMA_RX) = 0;
    USART_CR3 &= ~(1u << 6);
}

// On F0 SYSCFG moves USART1_RX to channel 5.
static void dma_elsewhere(void) {
    RCC_APB2ENR |= 1;
    SYSCFG_CFGR1 = 1u << 10;
    dma_ring(5);
    wait_us(2000);
    put_hex(sizeof ring - DMA_CNDTR(5));
    DMA_CCR(5) = 0;
    USART_CR3 &= ~(1u << 6);
    SYSCFG_CFGR1 = 0;
}

// F09x chooses by DMA1_CSELR: C3S = 8 is USART1_RX, C5S = 9 USART2_RX.
static void dma_select(void) {
    RCC_AHBENR |= 1;
    REG(0x400200A8) = (DMA_RX == 3 ? 8u : 9u) << (4 * (DMA_RX - 1));
    put_hex(REG(0x400200A8));
}

static void pins(void) {
    GPIOA_MODER = (GPIOA_MODER & ~0xFu) | 0x4u; // PA0 in, PA1 out
    put_hex(GPIOA_IDR & 1u);
    GPIOA_PUPDR = (GPIOA_PUPDR & ~3u) | 1u;
    put_hex(GPIOA_IDR & 1u);
    GPIOA_BSRR = 2;
    put_hex(GPIOA_ODR & 2u);
    GPIOA_BRR = 2;
    GPIOA_BSRR = 2u << 16 | 4u;
    put_hex(GPIOA_ODR & 6u);
}

static void watchdog(uint32_t window) {
    IWDG_KR = 0xCCCC;
    IWDG_KR = 0x5555;
    IWDG_PR = 0;
    IWDG_RLR = 999; // 100 ms at 40 kHz / 4
    while (IWDG_SR) {
    }
    IWDG_WINR = window;
    while (IWDG_SR) {
    }
}

static void options(uint32_t rdp, uint32_t user, uint32_t wrp0) {
    unlock();
    OPTKEYR = KEY1;
    OPTKEYR = KEY2;
    FLASH_CR = 0x220;
    FLASH_CR = 0x260;
    __asm volatile("nop");
    while (FLASH_SR & 1u) {
    }
    FLASH_CR = 0x210;
    REG16(0x1FFFF800) = (uint16_t)rdp;
    while (FLASH_SR & 1u) {
    }
    REG16(0x1FFFF802) = (uint16_t)user;
    while (FLASH_SR & 1u) {
    }
    REG16(0x1FFFF808) = (uint16_t)wrp0;
    while (FLASH_SR & 1u) {
    }
    FLASH_CR = 0x80;
}

static uint32_t parity_errors;

void nmi(void) {
    parity_errors++;
    REG(0x40010018) = 1u << 8; // SYSCFG_CFGR2.SRAM_PEF
}

static uint32_t errors_at(uint32_t address) {
    parity_errors = 0;
    (void)REG(address);
    __asm volatile("dsb; isb");
    return parity_errors;
}

static void parity(void) {
    RCC_APB2ENR |= 1;
    put_hex(errors_at(0x20001D00)); // nobody's
    REG8(0x20001D00) = 1;
    put_hex(errors_at(0x20001D00)); // the other three bytes
    REG(0x20001D00) = 1;
    put_hex(errors_at(0x20001D00));
    put_hex(REG(0x40010018)); // SRAM_PEF
    put_hex(OBR >> 14 & 1u);
#ifdef F3
    put_hex(errors_at(0x20003FF0));
    put_hex(errors_at(0x20004000)); // no parity there
    put_hex(errors_at(0x10000000));
#endif
}

static void uart_from_hsi(void) {
    flush();
    USART_CR1 = 0;
    RCC_CFGR3 = 3;
    USART_BRR = 8000000 / 38400;
    USART_CR1 = 0x0D;
}

static void mistakes(int c) {
    switch (c) {
    case 'b':
        USART_BRR = 100;
        break;
    case 'o':
        USART_CR3 = 1u << 12;
        break;
    case '8': // OVER8
        USART_CR1 = 0;
        USART_CR1 = 1u << 15;
        break;
    case 'd':
        USART_TDR = 'a';
        USART_TDR = 'b';
        USART_TDR = 'c';
        break;
    case 'g': // GPIOC's clock is off
        REG(0x48000800) = 0;
        break;
    case 'w':
        FLASH_ACR = 0x10;
        break;
    case 'W':
        FLASH_ACR = 0x17;
        break;
    case 'p':
        RCC_CFGR ^= 1u << 18;
        break;
    case 'P':
        RCC_CFGR2 = 2;
        break;
    case 'r': // backup registers need PWR and DBP
        RTC_BKP(0) = 1;
        break;
    case 'i':
        IWDG_WINR = 1;
        break;
    case 'c': // TSC
        (void)REG(0x40024000);
        break;
    case 'R': // for ever
        options(0xCC, 0xFF, 0xFF);
        break;
    case 'k':
        RCC_CFGR3 = 2; // LSE
        break;
    case '3': // USART3
        (void)REG(0x4000481C);
        break;
    case '6':
        RCC_AHBENR |= 1;
        DMA_CCR(6) = 0;
        break;
    default:
        put('?');
    }
    put_str("unnoticed\n");
}

static void command(int c) {
    switch (c) {
    case '!':
        mistakes(get());
        break;
    case 'o':
        overrun();
        break;
    case 'O':
        without_overrun();
        break;
    case 'i':
        idle();
        break;
    case 't':
        transmit();
        break;
    case 'f':
        flags();
        break;
    case 'n':
        by_interrupt();
        break;
    case 'x': // TX is an output: bytes go nowhere
        flush();
        GPIOA_MODER ^= 3u << (2 * UART_PIN);
        put_str("unheard");
        flush();
        GPIOA_MODER ^= 3u << (2 * UART_PIN);
        break;
    case 'y': // another alternate function is not the UART's
        flush();
        REG(0x48000020 + 4 * (UART_PIN / 8)) ^= 3u << (4 * (UART_PIN % 8));
        put_str("unheard");
        flush();
        REG(0x48000020 + 4 * (UART_PIN / 8)) ^= 3u << (4 * (UART_PIN % 8));
        break;
    case 'v':
        vectors();
        break;
    case 'F':
        flash();
        break;
    case 'd':
        dma_while_erasing();
        break;
    case 'D':
        dma_elsewhere();
        break;
    case 's':
        dma_select();
        break;
    case 'p':
        pins();
        break;
    case 'w':
        watchdog(0xFFF);
        break;
    case 'W':
        watchdog(300);
        break;
    case 'a':
        IWDG_KR = 0xAAAA;
        break;
    case 'k':
        RCC_APB1ENR |= 1u << 28;
        PWR_CR |= 1u << 8;
        RTC_BKP(0) = 0xFEEDBACC;
        break;
    case 'K':
        put_hex(RTC_BKP(0));
        break;
    case 'q': // read protection, hardware watchdog on; later the first 4 KB still programmable
        options(0x00, 0xFE, 0xFF);
        break;
    case 'Q':
        options(0xAA, 0xFF, 0xFD); // write protection of the second 4 KB
        break;
    case 'z':
        put_hex(OBR);
        put_hex(FLASH_WRPR);
        program(0x08000FFE, 0);
        report_flash(0x08000FFE);
        program(0x08001FFE, 0);
        report_flash(0x08001FFE);
        break;
    case 'm':
        parity();
        break;
    case 'h':
        uart_from_hsi();
        break;
    case 'g':
        RCC_APB2ENR |= 1u << 22;
        put_hex(REG(0x40015800) & 0xFFFu);
        break;
    default:
        put('?');
    }
    put('\n');
}

void main_(void) {
    clock_start();
    uart_open(115200);
    put_str("v2\n");
    for (;;) {
        command(get());
    }
}
