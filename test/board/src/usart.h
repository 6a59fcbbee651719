// Bits of the USART's state, which are where F1 has them (RM0008 section 27.6). The later unit of
// F0 and F3 has its flags and control bits there too, UE aside.
#ifndef BOARD_USART_H
#define BOARD_USART_H

#define SR_PE   (1u << 0)
#define SR_FE   (1u << 1)
#define SR_NE   (1u << 2)
#define SR_ORE  (1u << 3)
#define SR_IDLE (1u << 4)
#define SR_RXNE (1u << 5)
#define SR_TC   (1u << 6)
#define SR_TXE  (1u << 7)

#define CR1_RE     (1u << 2)
#define CR1_TE     (1u << 3)
#define CR1_IDLEIE (1u << 4)
#define CR1_RXNEIE (1u << 5)
#define CR1_TCIE   (1u << 6)
#define CR1_TXEIE  (1u << 7)
#define CR1_PEIE   (1u << 8)
#define CR1_PS     (1u << 9)
#define CR1_PCE    (1u << 10)
#define CR1_M      (1u << 12)

#define CR3_EIE    (1u << 0)
#define CR3_DMAR   (1u << 6)
#define CR3_DMAT   (1u << 7)
#define CR3_ONEBIT (1u << 11)
#define CR3_DEM    (1u << 14) // F0 and F3
#define CR3_DEP    (1u << 15)

#endif
