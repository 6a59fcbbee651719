// Bits that are at the same place in both generations of the USART.
#ifndef USART_BITS_H
#define USART_BITS_H

#include "board.h"
#include "stm32.h"

#define RCC_USARTENR  (*(BOARD_USART_APB == 1 ? &RCC_APB1ENR : &RCC_APB2ENR))
#define RCC_USARTRSTR (*(BOARD_USART_APB == 1 ? &RCC_APB1RSTR : &RCC_APB2RSTR))
#define USART_CLOCK   (1u << BOARD_USART_CLOCK_BIT)

#define USART_STATUS_ORE  (1u << 3)
#define USART_STATUS_RXNE (1u << 5)
#define USART_STATUS_TC   (1u << 6)
#define USART_STATUS_TXE  (1u << 7)
#define USART_CR1_RE      (1u << 2)
#define USART_CR1_TE      (1u << 3)
#define USART_CR1_RXNEIE  (1u << 5)
#define USART_CR3_DMAR    (1u << 6)
#define USART_BRR_MIN     16u
#define USART_BRR_MAX     0xffffu

#endif
