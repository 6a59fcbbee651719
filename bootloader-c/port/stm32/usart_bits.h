// Bits that are at the same place in both generations of the USART.
#ifndef USART_BITS_H
#define USART_BITS_H

#include "stm32.h"

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
