// USART registers of F1 (RM0008 section 27.6).
#include "internal.h"
#include "usart.h"

#define CR1_SBK (1u << 0)
#define CR1_UE  (1u << 13)

static void dr_write(struct board *b, struct uart *u, uint32_t v) {
    if (u->sr_read) { // SR read, then DR written
        u->sr &= (uint16_t)~SR_TC;
    }
    u->sr_read = false;
    usart_transmit(b, u, v);
}

static void cr1_write(struct board *b, struct uart *u, uint32_t v) {
    if (v & CR1_SBK) {
        board_violation(b, 0x4001380C, "USART break (SBK) is not modelled");
    }
    usart_switch(b, u, v & CR1_UE, v & 0x3FFEu);
}

void usart_f1_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                    unsigned size) {
    struct uart *u = &b->uart[p->index];
    uint32_t baud = board_uart_baud(b);
    if (size == 1 && off != 0x04) {
        board_unknown(b, p->base + off, true, size);
        return;
    }
    switch (off) {
    case 0x00: // RXNE and TC are cleared by writing 0, the rest by sequences
        u->sr &= (uint16_t)(v | ~(SR_RXNE | SR_TC));
        break;
    case 0x04:
        dr_write(b, u, v);
        return;
    case 0x08:
        u->brr = (uint16_t)v;
        break;
    case 0x0C:
        cr1_write(b, u, v);
        break;
    case 0x10:
        if (v & 0x7F60u & ~0x3000u) { // LIN, clock output
            board_violation(b, p->base + off, "USART_CR2 0x%04X is not modelled", v);
        }
        u->cr2 = (uint16_t)(v & 0x7F6Fu);
        break;
    case 0x14:
        if (v & 0x073Eu) { // flow control, smartcard, IrDA, half duplex
            board_violation(b, p->base + off, "USART_CR3 0x%04X is not modelled", v);
        }
        u->cr3 = (uint16_t)(v & 0x7FFu);
        break;
    case 0x18:
        u->gtpr = (uint16_t)v;
        break;
    default:
        board_unknown(b, p->base + off, true, size);
        return;
    }
    usart_settings_changed(b, u, baud);
}

uint32_t usart_f1_read(struct board *b, const struct periph *p, uint32_t off) {
    struct uart *u = &b->uart[p->index];
    switch (off) {
    case 0x00:
        u->sr_read = true;
        return u->sr;
    case 0x04: {
        uint32_t v = u->dr;
        u->sr &= (uint16_t)~SR_RXNE;
        if (u->sr_read) { // SR read, then DR read
            u->sr &= (uint16_t) ~(SR_PE | SR_FE | SR_NE | SR_ORE | SR_IDLE);
        }
        u->sr_read = false;
        usart_lines(b, u);
        return v;
    }
    case 0x08:
        return u->brr;
    case 0x0C:
        return u->cr1;
    case 0x10:
        return u->cr2;
    case 0x14:
        return u->cr3;
    case 0x18:
        return u->gtpr;
    default:
        board_unknown(b, p->base + off, false, 4);
        return 0;
    }
}
