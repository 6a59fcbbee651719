// The registers that the ROM bootloader of F1 sets (AN2606): HSI through the PLL at 24 MHz, USART1
// on PA9 and PA10 with even parity, the watchdog at its longest period.
#include "internal.h"
#include "rom.h"

#define USART1 0x40013800u
#define RCC    0x40021000u
#define FLASH  0x40022000u
#define GPIOA  0x40010800u
#define IWDG   0x40003000u

#define RCC_CR      0x00u
#define RCC_CFGR    0x04u
#define RCC_APB2ENR 0x18u
#define CR_PLLON    (1u << 24)
#define PLLMUL_6    (4u << 18)
#define SW_PLL      2u
#define IOPA_USART1 (1u << 2 | 1u << 14)
#define PA9_PA10    0x444448B4u // PA9 alternate function, PA10 input with pull
#define PA10        (1u << 10)
#define USART_SR    0x00u
#define USART_DR    0x04u
#define USART_BRR   0x08u
#define USART_CR1   0x0Cu
#define CR1_8E1     (1u << 13 | 1u << 12 | 1u << 10 | 1u << 3 | 1u << 2) // UE, M, PCE, TE, RE
#define SR_TXE_TC   (1u << 7 | 1u << 6)
#define SR_RXNE     (1u << 5)
#define SR_PE_FE_NE 7u

static const struct periph *periph(const struct board *b, uint32_t base) {
    return b->at[(base - PERIPH_BASE) / 0x400];
}

static void poke(struct board *b, uint32_t base, uint32_t reg, uint32_t value) {
    const struct periph *p = periph(b, base);
    p->write(b, p, reg, value, 4);
}

static uint32_t peek(struct board *b, uint32_t base, uint32_t reg) {
    const struct periph *p = periph(b, base);
    return p->read(b, p, reg);
}

void rom_port_clock_start(struct board *b) {
    poke(b, RCC, RCC_CFGR, PLLMUL_6);
    poke(b, RCC, RCC_CR, peek(b, RCC, RCC_CR) | CR_PLLON);
    poke(b, RCC, RCC_APB2ENR, IOPA_USART1);
    poke(b, GPIOA, 0x04, PA9_PA10);
    poke(b, GPIOA, 0x10, PA10);
}

void rom_port_clock_ready(struct board *b) {
    poke(b, RCC, RCC_CFGR, PLLMUL_6 | SW_PLL);
    poke(b, IWDG, 0x00, 0x5555u);
    poke(b, IWDG, 0x04, 6u);
}

void rom_port_uart_start(struct board *b, uint64_t bit_ps) {
    uint64_t brr = (bit_ps * b->pclk2 + BOARD_PS_PER_S / 2) / BOARD_PS_PER_S;
    poke(b, USART1, USART_BRR, brr > 0xFFFF ? 0xFFFF : (uint32_t)brr);
    poke(b, USART1, USART_CR1, CR1_8E1);
}

bool rom_port_receive(struct board *b, uint8_t *byte, bool *bad) {
    uint32_t status = peek(b, USART1, USART_SR);
    if (!(status & SR_RXNE)) {
        return false;
    }
    *byte = (uint8_t)peek(b, USART1, USART_DR);
    *bad = (status & SR_PE_FE_NE) != 0;
    return true;
}

bool rom_port_can_send(const struct board *b) {
    return (b->uart[0].sr & SR_TXE_TC) == SR_TXE_TC;
}

void rom_port_send(struct board *b, uint8_t byte) {
    (void)peek(b, USART1, USART_SR); // with the write that follows: clears TC
    poke(b, USART1, USART_DR, byte);
}

void rom_port_feed_watchdog(struct board *b) {
    poke(b, IWDG, 0x00, 0xAAAAu);
}

void rom_port_flash_write(struct board *b, uint32_t reg, uint32_t value) {
    poke(b, FLASH, reg, value);
}
