// USART1's flags and the sequences that clear them; parity; receive interrupt.
#include "regs.h"

static volatile uint32_t interrupts, last;

void irq_usart1(void) {
    interrupts++;
    last = USART_DR;
}

static void wait_us(uint32_t us) {
    uint32_t start = DWT_CYCCNT;
    while (DWT_CYCCNT - start < us * 64) {
    }
}

// Several bytes came meanwhile: the first is kept, ORE says that others were not.
static void overrun(void) {
    wait_us(2000);
    uint32_t first = USART_DR; // SR was not read before: clears RXNE only
    uint32_t after_dr = USART_SR & 0x28u;
    uint32_t again = USART_DR; // SR, DR: clears ORE
    uint32_t after_both = USART_SR & 0x28u;
    put_hex(first);
    put_hex(after_dr);
    put_hex(again == first);
    put_hex(after_both);
}

static void idle(void) {
    uint32_t early = USART_SR & 0x10u; // right behind the byte
    wait_us(500);
    uint32_t late = USART_SR & 0x10u;
    (void)USART_DR;
    wait_us(500); // once a silence only
    uint32_t cleared = USART_SR & 0x10u;
    put_hex(early);
    put_hex(late);
    put_hex(cleared);
}

static void transmit_complete(void) {
    flush();
    (void)USART_SR;
    USART_DR = '.';
    uint32_t during = USART_SR & 0xC0u; // in the shift register: TXE is back, TC is not
    USART_DR = '.';
    uint32_t both = USART_SR & 0xC0u;
    wait_us(400);
    uint32_t done = USART_SR & 0xC0u;
    put_hex(during);
    put_hex(both);
    put_hex(done);
}

static void parity(void) {
    flush();
    USART_CR1 = 0x340C | 0x1000; // M, PCE, even
    int c = get();
    put((uint8_t)c);
    flush();
    uint32_t pe = USART_SR & 1u;
    USART_CR1 = 0x200C;
    put_hex(pe);
}

static void by_interrupt(void) {
    interrupts = 0;
    NVIC_ISER(1) = 1u << 5;
    USART_CR1 |= 1u << 5;
    wait_us(1500);
    USART_CR1 &= ~(1u << 5);
    put_hex(interrupts);
    put_hex(last);
}

void main_(void) {
    clock_64mhz();
    uart_open(64000000 / 115200);
    DWT_CTRL = 1;
    put_str("uart\n");
    for (;;) {
        switch (get()) {
        case 'o':
            overrun();
            break;
        case 'i':
            idle();
            break;
        case 't':
            transmit_complete();
            break;
        case 'p':
            parity();
            break;
        case 'n':
            by_interrupt();
            break;
        case 'x': // the pin is no longer the UART's: bytes go nowhere
            flush();
            GPIOA_CRH = (GPIOA_CRH & ~0xF0u) | 0x30u;
            put_str("unheard");
            flush();
            GPIOA_CRH = (GPIOA_CRH & ~0xF0u) | 0xB0u;
            break;
        default:
            put('?');
        }
        put('\n');
    }
}
