// USART1 of the STM32F0 and F3. RM0091 and RM0316, USART registers
#ifndef USART_V2_H
#define USART_V2_H

#include "usart_bits.h"

#define USART1_CR1     REG32(0x40013800u)
#define USART1_CR3     REG32(0x40013808u)
#define USART1_BRR     REG32(0x4001380cu)
#define USART1_STATUS  REG32(0x4001381cu) // ISR
#define USART1_ICR     REG32(0x40013820u)
#define USART1_RX_DATA REG32(0x40013824u) // RDR
#define USART1_TX_DATA REG32(0x40013828u) // TDR

#define USART_CR1_UE    1u
#define USART_ICR_ORECF (1u << 3)

// BRR can be written only while the USART is off. What comes in meanwhile is lost.
static inline void usart_set_divider(uint32_t divider) {
    uint32_t cr1 = USART1_CR1;
    USART1_CR1 = cr1 & ~USART_CR1_UE;
    USART1_BRR = divider;
    USART1_CR1 = cr1;
}

// Clears an overrun, which stops reception until then.
static inline void usart_clear_overrun(void) {
    USART1_ICR = USART_ICR_ORECF;
}

#endif
