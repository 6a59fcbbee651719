// USART registers of F0 and F3 (RM0091 section 27.8, RM0316 section 29.8).
#include "internal.h"
#include "usart.h"

#define CR1_UE     (1u << 0)
#define CR1_KNOWN  0x03FF17FDu // UE, RE, TE, interrupt enables, PS, PCE, M0, DEDT, DEAT
#define CR1_FROZEN 0x13FF9E00u // M1, DEAT, DEDT, OVER8, M0, WAKE, PCE, PS: only while UE is 0
#define CR2_KNOWN  0x00003000u // STOP
#define CR3_OVRDIS (1u << 12)
#define CR3_KNOWN  0x0000D8C1u // EIE, DMAR, DMAT, ONEBIT, OVRDIS, DEM, DEP
#define CR3_FROZEN (CR3_KNOWN & ~0x00C1u)
#define ISR_BUSY   (1u << 16)
#define ISR_TEACK  (1u << 21)
#define ISR_REACK  (1u << 22)
#define RQR_RXFRQ  (1u << 3)
#define ICR_FLAGS  (SR_PE | SR_FE | SR_NE | SR_ORE | SR_IDLE | SR_TC)

// A field that is only writable while UE is 0: the write does not take.
static bool frozen(struct board *b, const struct periph *p, uint32_t off, uint32_t changed) {
    bool refused = b->uart[p->index].on && changed;
    if (refused) {
        board_violation(b, p->base + off, "%s +0x%02X bits 0x%08X changed while UE is 1", p->name,
                        off, changed);
    }
    return refused;
}

static bool unknown_bits(struct board *b, const struct periph *p, uint32_t off, uint32_t bits) {
    if (bits) {
        board_violation(b, p->base + off, "%s +0x%02X bits 0x%08X are not modelled", p->name, off,
                        bits);
    }
    return bits != 0;
}

static uint32_t cr1(const struct uart *u) {
    return u->cr1 | (uint32_t)u->cr1_high << 16 | (u->on ? CR1_UE : 0);
}

static void cr1_write(struct board *b, const struct periph *p, uint32_t v) {
    struct uart *u = &b->uart[p->index];
    unknown_bits(b, p, 0x00, v & ~CR1_KNOWN);
    if ((v & CR1_UE) && frozen(b, p, 0x00, (v ^ cr1(u)) & CR1_FROZEN & CR1_KNOWN)) {
        return;
    }
    u->cr1_high = (uint16_t)((v & CR1_KNOWN) >> 16);
    usart_switch(b, u, v & CR1_UE, v & CR1_KNOWN & ~CR1_UE);
    if (!u->on) {
        u->sr = SR_TXE | SR_TC;
    }
}

static void cr3_write(struct board *b, const struct periph *p, uint32_t v) {
    struct uart *u = &b->uart[p->index];
    unknown_bits(b, p, 0x08, v & ~CR3_KNOWN);
    if (frozen(b, p, 0x08, (v ^ u->cr3) & CR3_FROZEN)) {
        return;
    }
    u->cr3 = (uint16_t)(v & CR3_KNOWN);
    u->no_overrun = v & CR3_OVRDIS;
}

void usart_v2_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v,
                    unsigned size) {
    struct uart *u = &b->uart[p->index];
    uint32_t baud = board_uart_baud(b);
    if (size != 4 && off != 0x0C && off != 0x18 && off != 0x28) { // BRR, RQR, TDR
        board_unknown(b, p->base + off, true, size);
        return;
    }
    switch (off) {
    case 0x00:
        cr1_write(b, p, v);
        break;
    case 0x04:
        unknown_bits(b, p, off, v & ~CR2_KNOWN);
        if (!frozen(b, p, off, (v ^ u->cr2) & CR2_KNOWN)) {
            u->cr2 = (uint16_t)(v & CR2_KNOWN);
        }
        break;
    case 0x08:
        cr3_write(b, p, v);
        break;
    case 0x0C:
        if (!frozen(b, p, off, (v ^ u->brr) & 0xFFFFu)) {
            u->brr = (uint16_t)v;
        }
        break;
    case 0x18:
        unknown_bits(b, p, off, v & ~RQR_RXFRQ);
        u->sr &= (v & RQR_RXFRQ) ? (uint16_t)~SR_RXNE : UINT16_MAX;
        break;
    case 0x20:
        u->sr &= (uint16_t) ~(v & ICR_FLAGS);
        break;
    case 0x28:
        usart_transmit(b, u, v);
        return;
    default: // GTPR, RTOR: smartcard and receiver time-out; ISR and RDR are read only
        board_unknown(b, p->base + off, true, size);
        return;
    }
    usart_settings_changed(b, u, baud);
}

static uint32_t isr(const struct board *b, const struct uart *u) {
    uint32_t v = u->sr;
    v |= u->on && (u->cr1 & CR1_TE) ? ISR_TEACK : 0;
    v |= u->on && (u->cr1 & CR1_RE) ? ISR_REACK : 0;
    return v | (u->listening && u->rx.busy && u->rx.edge < now_ps(b) ? ISR_BUSY : 0);
}

uint32_t usart_v2_read(struct board *b, const struct periph *p, uint32_t off) {
    struct uart *u = &b->uart[p->index];
    switch (off) {
    case 0x00:
        return cr1(u);
    case 0x04:
        return u->cr2;
    case 0x08:
        return u->cr3;
    case 0x0C:
        return u->brr;
    case 0x18: // RQR, ICR, TDR: write only
    case 0x20:
        return 0;
    case 0x1C:
        return isr(b, u);
    case 0x24: {
        uint32_t v = u->dr;
        u->sr &= (uint16_t)~SR_RXNE;
        usart_lines(b, u);
        return v;
    }
    case 0x28:
        return u->tdr;
    default:
        board_unknown(b, p->base + off, false, 4);
        return 0;
    }
}
