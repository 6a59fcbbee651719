// USARTs of the STM32F0 and F3. RM0091 and RM0316, USART registers
#ifndef USART_V2_H
#define USART_V2_H

#include "usart_bits.h"

#define USART_CR1     REG32(BOARD_USART_BASE + 0x00u)
#define USART_CR3     REG32(BOARD_USART_BASE + 0x08u)
#define USART_BRR     REG32(BOARD_USART_BASE + 0x0cu)
#define USART_STATUS  REG32(BOARD_USART_BASE + 0x1cu) // ISR
#define USART_ICR     REG32(BOARD_USART_BASE + 0x20u)
#define USART_RX_DATA REG32(BOARD_USART_BASE + 0x24u) // RDR
#define USART_TX_DATA REG32(BOARD_USART_BASE + 0x28u) // TDR

#define USART_CR1_UE     1u
#define USART_CR3_ONEBIT (1u << 11)
#define USART_ICR_ERRORS 0xfu // PECF, FECF, NCF, ORECF

// Driver enable: by the USART, active low, on for 16 sixteenths of a bit before the first start bit
#define USART_CR3_DEM      (1u << 14)
#define USART_CR3_DEP      (1u << 15)
#define USART_CR1_DEAT_BIT (16u << 21)
#define USART_DE_BY_USART  (BOARD_HALF_DUPLEX && BOARD_DE_BY_USART)

#define USART_CR1_ON                                                                               \
    (USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | (USART_DE_BY_USART ? USART_CR1_DEAT_BIT : 0))

// One sample a bit: a receiver that is off by 3.88 % of the rate instead of 3.33 % still hears
// (RM0091, table of the receiver's tolerance), and no byte is noise, which DMA would not be given.
#define USART_CR3_RECEPTION (USART_CR3_DMAR | USART_CR3_ONEBIT)

// BRR can be written only while the USART is off. What comes in meanwhile is lost.
static inline void usart_set_divider(uint32_t divider) {
    uint32_t cr1 = USART_CR1;
    USART_CR1 = cr1 & ~USART_CR1_UE;
    USART_BRR = divider;
    USART_CR1 = cr1;
}

// Clears an overrun, which stops reception until then, and what else may be set.
static inline void usart_clear_errors(void) {
    USART_ICR = USART_ICR_ERRORS;
}

#endif
