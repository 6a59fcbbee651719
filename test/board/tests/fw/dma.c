// USART1 by DMA: a ring that goes on during a page erase, a transmit block, the interrupts.
#include "regs.h"

static uint8_t ring[256];
static volatile uint32_t half, full;
static uint32_t tail;

void irq_dma5(void) {
    uint32_t isr = DMA_ISR;
    half += isr >> 18 & 1u;
    full += isr >> 17 & 1u;
    DMA_IFCR = 0xFu << 16;
}

static uint32_t head(void) {
    return (sizeof ring - DMA_CNDTR(5)) % sizeof ring;
}

static uint8_t next(void) {
    while (head() == tail) {
    }
    uint8_t c = ring[tail];
    tail = (tail + 1) % sizeof ring;
    return c;
}

static void erase_page(void) {
    FLASH_CR = 2;
    FLASH_AR = 0x08010000;
    FLASH_CR = 0x42;
    __asm volatile("nop");
    while (FLASH_SR & 1u) {
    }
    FLASH_CR = 0;
}

static void send_block(const char *s, uint32_t n) {
    DMA_CCR(4) = 0;
    DMA_CPAR(4) = 0x40013804;
    DMA_CMAR(4) = (uint32_t)s;
    DMA_CNDTR(4) = n;
    USART_CR3 |= 1u << 7;
    DMA_CCR(4) = 0x91;
    while (!(DMA_ISR & 1u << 13)) {
    }
    DMA_IFCR = 0xF000;
    USART_CR3 &= ~(1u << 7);
}

static void command(uint8_t c) {
    switch (c) {
    case 'e': { // how many bytes came while the CPU stood still
        uint32_t before = head();
        erase_page();
        put_hex((head() - before) % sizeof ring);
        break;
    }
    case 'i':
        put_hex(half);
        put_hex(full);
        break;
    case 'b':
        send_block("block by dma", 12);
        break;
    case 'f': // straight from flash
        send_block((const char *)0x08000000, 4);
        break;
    case 'x': // nowhere to write: transfer error
        DMA_CCR(5) = 0;
        DMA_CMAR(5) = 0x30000000;
        DMA_CNDTR(5) = 4;
        DMA_CCR(5) = 0x81;
        while (!(DMA_ISR & 1u << 19)) {
        }
        put_hex(DMA_CCR(5) & 1u);
        break;
    case 'c': // changed while enabled
        DMA_CNDTR(5) = 7;
        break;
    default:
        return;
    }
    put('\n');
}

void main_(void) {
    clock_64mhz();
    RCC_AHBENR |= 1;
    DMA_CPAR(5) = 0x40013804;
    DMA_CMAR(5) = (uint32_t)ring;
    DMA_CNDTR(5) = sizeof ring;
    DMA_CCR(5) = 0xA7; // MINC, CIRC, HTIE, TCIE, EN
    NVIC_ISER(0) = 1u << 15;
    uart_open(64000000 / 115200);
    USART_CR3 = 1u << 6;
    FLASH_KEYR = KEY1;
    FLASH_KEYR = KEY2;
    put_str("dma\n");
    for (;;) {
        command(next());
    }
}
