// The USART (RM0008 section 27, RM0091 section 27, RM0316 section 29): one shift and one data
// register each way. Registers are in usart_f1.c and usart_v2.c.
#include <string.h>

#include "internal.h"
#include "pair.h"
#include "usart.h"

static unsigned index_of(const struct board *b, const struct uart *u) {
    return (unsigned)(u - b->uart);
}

uint64_t usart_bit_ps(const struct board *b, const struct uart *u) {
    uint32_t hz = b->family->clocks->uart_hz(b, index_of(b, u));
    if (!u->on || u->brr < 16 || !hz) {
        return 0;
    }
    return BOARD_PS_PER_S * u->brr / hz;
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
void usart_lines(struct board *b, struct uart *u) {
    unsigned i = index_of(b, u), rx, tx;
    uint32_t sr = u->sr, cr1 = u->cr1, cr3 = u->cr3;
    bool irq = ((cr1 & CR1_RXNEIE) && (sr & (SR_RXNE | SR_ORE))) ||
               ((cr1 & CR1_TXEIE) && (sr & SR_TXE)) || ((cr1 & CR1_TCIE) && (sr & SR_TC)) ||
               ((cr1 & CR1_IDLEIE) && (sr & SR_IDLE)) || ((cr1 & CR1_PEIE) && (sr & SR_PE)) ||
               ((cr3 & CR3_EIE) && ((cr3 & CR3_DMAR) || b->family->uart_eie_alone) &&
                (sr & (SR_FE | SR_NE | SR_ORE)));
    nvic_line(b, b->family->uart_irq[i], irq && u->on);
    b->family->uart_dma(b, i, &rx, &tx);
    dma_request(b, rx, u->on && (cr3 & CR3_DMAR) && (sr & SR_RXNE));
    dma_request(b, tx, u->on && (cr1 & CR1_TE) && (cr3 & CR3_DMAT) && (sr & SR_TXE));
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
    b->family->uart_pins(b, i, &tx, &rx);
    u->sr |= SR_TXE;
    u->tx_moving = true;
    uint64_t lead = 0;
    if (b->pair && u->on_line && pair_usart_drives(b, u)) {
        bool resting = start >= u->tx_last_end + bit;
        lead = resting ? bit * ((u->cr1_high >> 5) & 31u) / 16 : 0; // DEAT
        pair_drive(b->pair, b->pair_member, start,
                   start + lead + bit * nbits + bit * (u->cr1_high & 31u) / 16); // DEDT
    }
    start += lead;
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
    b->family->uart_pins(b, i, &tx, &rx);
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
        u->rx.one = u->cr3 & CR3_ONEBIT;
        usart_line_changed(b, u);
    }
}

static struct ear ear_of(const struct board *b) {
    bool shared = b->pair && !b->unplugged;
    return shared ? pair_ear(b->pair, b->pair_member) : wave_ear(&b->to_device);
}

void usart_line_changed(struct board *b, struct uart *u) {
    if (u->listening) {
        ev_at(b, EV_UART_RX + (int)index_of(b, u), sampler_next(&u->rx, ear_of(b)));
    }
}

// No manual says whether the driver is on while an idle frame is sent. Firmware must bear that it
// is.
static void drive_idle_frame(struct board *b, const struct uart *u) {
    if (b->pair && u->on_line && now_ps(b) < u->tx_idle_until && pair_usart_drives(b, u)) {
        pair_drive(b->pair, b->pair_member, now_ps(b), u->tx_idle_until);
    }
}

void usart_pins_changed(struct board *b) {
    pair_pins_changed(b);
    for (int i = 0; i < BOARD_UARTS; i++) {
        drive_idle_frame(b, &b->uart[i]);
        rx_update(b, &b->uart[i]);
    }
}

void usart_requests_moved(struct board *b) {
    dma_release(b);
    for (int i = 0; i < BOARD_UARTS; i++) {
        usart_lines(b, &b->uart[i]);
    }
}

void usart_clock_changed(struct board *b) {
    for (int i = 0; i < BOARD_UARTS; i++) {
        rx_update(b, &b->uart[i]);
    }
    line_device_rate_changed(b);
    board_emit(b, BOARD_EVENT_BAUD, board_uart_baud(b), "");
}

static bool parity_wrong(const struct uart *u, unsigned data) {
    if (!(u->cr1 & CR1_PCE)) {
        return false;
    }
    unsigned data_bits = u->rx.nbits - 3u;
    return parity_bit(u, data & ((1u << data_bits) - 1u)) != (data >> data_bits & 1u);
}

static void receive(struct board *b, struct uart *u) {
    unsigned i = index_of(b, u);
    uint64_t edge = u->rx.edge;
    uint32_t noise = rng_next(&b->rng_line);
    struct sample s = sampler_take(&u->rx, ear_of(b), &noise);
    uint64_t frame = u->rx.bit_ps * u->rx.nbits;
    ev_at(b, EV_UART_IDLE + (int)i, edge + 2 * frame);
    if ((u->sr & SR_RXNE) && u->no_overrun) {
        u->dr = s.data; // the byte before is gone, without a sign
    } else if (u->sr & (SR_RXNE | SR_ORE)) {
        // Nothing is received until ORE is cleared.
        u->sr |= SR_ORE;
        b->counters.overruns++;
    } else {
        uint16_t errors = (uint16_t)((s.framing ? SR_FE : 0) | (s.noise ? SR_NE : 0) |
                                     (parity_wrong(u, s.data) ? SR_PE : 0));
        u->sr |= errors;
        b->counters.framing_errors += s.framing;
        b->counters.noise_errors += s.noise;
        // "RXNE is kept 0 preventing from overrun": RM0091 and RM0316, USART_CR3.DDRE
        if (!errors || !(u->cr3 & CR3_DMAR) || !b->family->uart_dma_drops) {
            u->dr = s.data;
            u->sr |= SR_RXNE;
            b->counters.uart_rx++;
        }
    }
    usart_lines(b, u);
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
        usart_lines(b, u);
    } else if (id < EV_UART_IDLE) {
        receive(b, u);
    } else if (!u->rx.busy || u->rx.edge >= now_ps(b)) { // no character is under way
        u->sr |= SR_IDLE;
        usart_lines(b, u);
    }
}

void usart_transmit(struct board *b, struct uart *u, uint32_t v) {
    if (!u->on || !(u->cr1 & CR1_TE)) {
        return;
    }
    if (!(u->sr & SR_TXE)) {
        board_violation(b, 0x40013804u + index_of(b, u),
                        "USART%u data register written while TXE is 0: a byte is lost",
                        index_of(b, u) + 1);
    }
    u->tdr = (uint16_t)(v & 0x1FFu);
    u->sr &= (uint16_t)~SR_TXE;
    if (!u->tx_moving) {
        u->sr &= (uint16_t)~SR_TC;
    }
    tx_try(b, u, now_ps(b));
    usart_lines(b, u);
}

void usart_switch(struct board *b, struct uart *u, bool on, uint32_t cr1) {
    bool was_on = u->on && (u->cr1 & CR1_TE);
    u->on = on;
    u->cr1 = (uint16_t)cr1;
    uint64_t bit = usart_bit_ps(b, u);
    if (on && (cr1 & CR1_TE) && !was_on && bit && !u->tx_moving) { // TE sends an idle frame first
        u->tx_moving = true;
        u->tx_idle_until = now_ps(b) + bit * usart_frame_bits(u);
        ev_at(b, EV_UART_TX + (int)index_of(b, u), u->tx_idle_until);
    }
    if (!on) {
        u->tx_idle_until = 0;
    }
    if (!on && u->tx_moving) { // the character under way is abandoned
        u->tx_moving = false;
        u->sr |= SR_TC | SR_TXE;
        ev_at(b, EV_UART_TX + (int)index_of(b, u), NEVER);
    }
    drive_idle_frame(b, u);
    rx_update(b, u);
}

void usart_settings_changed(struct board *b, struct uart *u, uint32_t old_baud) {
    rx_update(b, u);
    if (u->on_line && board_uart_baud(b) != old_baud) {
        line_device_rate_changed(b);
        board_emit(b, BOARD_EVENT_BAUD, board_uart_baud(b), "");
    }
    usart_lines(b, u);
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
    usart_lines(b, u);
}
