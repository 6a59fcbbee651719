// USART of F1 (RM0008 section 27): one shift and one data register each way.
#include <string.h>

#include "internal.h"

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
#define CR1_UE     (1u << 13)

#define CR3_EIE  (1u << 0)
#define CR3_DMAR (1u << 6)
#define CR3_DMAT (1u << 7)

static unsigned index_of(const struct board *b, const struct uart *u) {
    return (unsigned)(u - b->uart);
}

uint64_t usart_bit_ps(const struct board *b, const struct uart *u) {
    if (!(u->cr1 & CR1_UE) || u->brr < 16) {
        return 0;
    }
    uint32_t pclk = index_of(b, u) == 0 ? b->pclk2 : b->pclk1;
    return BOARD_PS_PER_S * u->brr / pclk;
}

unsigned usart_frame_bits(const struct uart *u) {
    return (u->cr1 & CR1_M) ? 11 : 10;
}

uint32_t board_uart_baud(const struct board *b) {
    for (int i = 0; i < BOARD_UARTS; i++) {
        uint64_t bit = b->uart[i].on_line ? usart_bit_ps(b, &b->uart[i]) : 0;
        if (bit) {
            return (uint32_t)((BOARD_PS_PER_S + bit / 2) / bit);
        }
    }
    return 0;
}

// Interrupt and DMA request lines follow the flags.
static void lines(struct board *b, struct uart *u) {
    unsigned i = index_of(b, u);
    uint32_t sr = u->sr, cr1 = u->cr1, cr3 = u->cr3;
    bool irq = ((cr1 & CR1_RXNEIE) && (sr & (SR_RXNE | SR_ORE))) ||
               ((cr1 & CR1_TXEIE) && (sr & SR_TXE)) || ((cr1 & CR1_TCIE) && (sr & SR_TC)) ||
               ((cr1 & CR1_IDLEIE) && (sr & SR_IDLE)) || ((cr1 & CR1_PEIE) && (sr & SR_PE)) ||
               ((cr3 & CR3_EIE) && (cr3 & CR3_DMAR) && (sr & (SR_FE | SR_NE | SR_ORE)));
    nvic_line(b, b->family->uart_irq[i], irq && (cr1 & CR1_UE));
    bool on = cr1 & CR1_UE;
    dma_request(b, b->family->dma_rx[i], on && (cr3 & CR3_DMAR) && (sr & SR_RXNE));
    dma_request(b, b->family->dma_tx[i], on && (cr1 & CR1_TE) && (cr3 & CR3_DMAT) && (sr & SR_TXE));
}

// Pins: alternate-function output for TX, any digital input for RX. USART1 moves to PB6/PB7
// with AFIO_MAPR bit 2.
static void pins(const struct board *b, unsigned i, bool *tx, bool *rx) {
    static const uint8_t place[4][3] = {{0, 9, 10}, {0, 2, 3}, {1, 10, 11}, {1, 6, 7}};
    const uint8_t *p = place[i == 0 && (b->misc.afio_mapr & 4u) ? 3 : i];
    unsigned t = gpio_mode(b, p[0], p[1]), r = gpio_mode(b, p[0], p[2]);
    *tx = (t & 3u) && (t & 8u);
    *rx = !(r & 3u) && (r >> 2 == 1 || r >> 2 == 2);
}

static unsigned parity_bit(const struct uart *u, unsigned v) {
    return ((unsigned)__builtin_popcount(v) & 1u) ^ ((u->cr1 & CR1_PS) ? 1u : 0);
}

static void tx_start(struct board *b, struct uart *u, uint64_t start) {
    unsigned i = index_of(b, u), nbits = usart_frame_bits(u);
    uint64_t bit = usart_bit_ps(b, u);
    unsigned data_bits = nbits - 2, v = u->tdr & ((1u << data_bits) - 1u);
    if (u->cr1 & CR1_PCE) { // parity takes the place of the last data bit
        v &= (1u << (data_bits - 1)) - 1u;
        v |= parity_bit(u, v) << (data_bits - 1);
    }
    bool tx, rx;
    pins(b, i, &tx, &rx);
    u->sr |= SR_TXE;
    u->tx_moving = true;
    u->tx_last_end = start + bit * nbits;
    if (tx && u->on_line) {
        b->counters.uart_tx++;
        line_device_sent(b, (uint16_t)(v << 1 | 1u << (nbits - 1)), nbits, start, bit);
    }
    ev_at(b, EV_UART_TX + (int)i, u->tx_last_end);
}

static void tx_try(struct board *b, struct uart *u, uint64_t when) {
    if (!u->tx_moving && !(u->sr & SR_TXE) && (u->cr1 & CR1_TE) && usart_bit_ps(b, u)) {
        tx_start(b, u, when);
    }
}

// Receiver on or off, at the rate now set.
static void rx_update(struct board *b, struct uart *u) {
    unsigned i = index_of(b, u);
    bool tx, rx;
    pins(b, i, &tx, &rx);
    uint64_t bit = usart_bit_ps(b, u);
    bool want = bit && (u->cr1 & CR1_RE) && rx && u->on_line;
    unsigned nbits = usart_frame_bits(u);
    if (!want) {
        u->listening = false;
        ev_at(b, EV_UART_RX + (int)i, NEVER);
        ev_at(b, EV_UART_IDLE + (int)i, NEVER);
    } else if (!u->listening || u->rx.bit_ps != bit || u->rx.nbits != nbits) {
        // From the next falling edge: in the middle of a character that is a wrong one.
        u->listening = true;
        sampler_start(&u->rx, now_ps(b), bit, nbits);
        usart_line_changed(b, u);
    }
}

void usart_line_changed(struct board *b, struct uart *u) {
    if (u->listening) {
        ev_at(b, EV_UART_RX + (int)index_of(b, u), sampler_next(&u->rx, &b->to_device));
    }
}

void usart_pins_changed(struct board *b) {
    for (int i = 0; i < BOARD_UARTS; i++) {
        rx_update(b, &b->uart[i]);
    }
}

void usart_clock_changed(struct board *b) {
    for (int i = 0; i < BOARD_UARTS; i++) {
        rx_update(b, &b->uart[i]);
    }
    line_device_rate_changed(b);
    board_emit(b, BOARD_EVENT_BAUD, board_uart_baud(b), "");
}

static void receive(struct board *b, struct uart *u) {
    unsigned i = index_of(b, u);
    uint64_t edge = u->rx.edge;
    uint32_t noise = rng_next(&b->rng_line);
    struct sample s = sampler_take(&u->rx, &b->to_device, &noise);
    uint64_t frame = u->rx.bit_ps * u->rx.nbits;
    ev_at(b, EV_UART_IDLE + (int)i, edge + 2 * frame);
    if (u->sr & (SR_RXNE | SR_ORE)) {
        // ORE stays until SR and DR are read; nothing is received before (facts 4.8).
        u->sr |= SR_ORE;
        b->counters.overruns++;
    } else {
        u->dr = s.data;
        u->sr |= SR_RXNE;
        b->counters.uart_rx++;
        if (s.framing) {
            u->sr |= SR_FE;
            b->counters.framing_errors++;
        }
        if (s.noise) {
            u->sr |= SR_NE;
            b->counters.noise_errors++;
        }
        if (u->cr1 & CR1_PCE) {
            unsigned data_bits = u->rx.nbits - 3u;
            unsigned got = (unsigned)s.data >> data_bits & 1u;
            if (parity_bit(u, s.data & ((1u << data_bits) - 1u)) != got) {
                u->sr |= SR_PE;
            }
        }
    }
    lines(b, u);
    usart_line_changed(b, u);
}

void usart_event(struct board *b, int id) {
    int i = (id - EV_UART_TX) % BOARD_UARTS;
    struct uart *u = &b->uart[i];
    if (id < EV_UART_RX) {
        u->tx_moving = false;
        tx_try(b, u, now_ps(b));
        if (!u->tx_moving) {
            u->sr |= SR_TC;
        }
        lines(b, u);
    } else if (id < EV_UART_IDLE) {
        receive(b, u);
    } else if (!u->rx.busy || u->rx.edge >= now_ps(b)) { // no character is under way
        u->sr |= SR_IDLE;
        lines(b, u);
    }
}

static void dr_write(struct board *b, struct uart *u, uint32_t v) {
    if (u->sr_read) { // SR read, then DR written
        u->sr &= (uint16_t)~SR_TC;
    }
    u->sr_read = false;
    if (!(u->cr1 & CR1_UE) || !(u->cr1 & CR1_TE)) {
        return;
    }
    if (!(u->sr & SR_TXE)) {
        board_violation(b, 0x40013804, "USART%u_DR written while TXE is 0: a byte is lost",
                        index_of(b, u) + 1);
    }
    u->tdr = (uint16_t)(v & 0x1FFu);
    u->sr &= (uint16_t)~SR_TXE;
    if (!u->tx_moving) {
        u->sr &= (uint16_t)~SR_TC;
    }
    tx_try(b, u, now_ps(b));
    lines(b, u);
}

static void cr1_write(struct board *b, struct uart *u, uint32_t v) {
    uint32_t old = u->cr1;
    bool was_on = (old & CR1_UE) && (old & CR1_TE);
    if (v & 1u) {
        board_violation(b, 0x4001380C, "USART break (SBK) is not modelled");
    }
    u->cr1 = (uint16_t)(v & 0x3FFEu);
    bool on = (v & CR1_UE) && (v & CR1_TE);
    uint64_t bit = usart_bit_ps(b, u);
    if (on && !was_on && bit && !u->tx_moving) { // TE sends an idle frame first
        u->tx_moving = true;
        ev_at(b, EV_UART_TX + (int)index_of(b, u), now_ps(b) + bit * usart_frame_bits(u));
    }
    if (!(v & CR1_UE) && u->tx_moving) { // the character under way is abandoned
        u->tx_moving = false;
        u->sr |= SR_TC | SR_TXE;
        ev_at(b, EV_UART_TX + (int)index_of(b, u), NEVER);
    }
    rx_update(b, u);
}

void usart_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size) {
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
        rx_update(b, u);
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
    if (u->on_line && board_uart_baud(b) != baud) {
        line_device_rate_changed(b);
        board_emit(b, BOARD_EVENT_BAUD, board_uart_baud(b), "");
    }
    lines(b, u);
}

uint32_t usart_read(struct board *b, const struct periph *p, uint32_t off) {
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
        lines(b, u);
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

void usart_reset(struct board *b, const struct periph *p) {
    struct uart *u = &b->uart[p->index];
    bool on_line = u->on_line;
    memset(u, 0, sizeof *u);
    u->on_line = on_line;
    u->sr = SR_TXE | SR_TC;
    for (int id = EV_UART_TX; id < EV_HOST_RX; id += BOARD_UARTS) {
        ev_at(b, id + p->index, NEVER);
    }
    lines(b, u);
}
