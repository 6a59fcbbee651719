// The host's end of the wire: what it has queued, what it has heard, at its own rate.
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "pair.h"

#define QUEUE (256u * 1024u) // bytes each way

// A byte in front of the line. It goes at the rate that the host had when it wrote it: a host may
// change its rate while a board that lags still has bytes of before.
struct host_byte {
    uint64_t not_before_ps;
    uint32_t rate; // 0: whatever BRR gives
    uint8_t value;
};

static struct uart *wired(struct board *b) {
    for (int i = 0; i < BOARD_UARTS; i++) {
        if (b->uart[i].on_line) {
            return &b->uart[i];
        }
    }
    return &b->uart[0];
}

static uint64_t host_bit_ps(const struct board *b, uint32_t rate) {
    if (rate) {
        return BOARD_PS_PER_S / rate;
    }
    uint64_t device = usart_bit_ps(b, wired((struct board *)b));
    return device ? device : BOARD_PS_PER_S / 115200;
}

static struct ear host_ear(const struct board *b) {
    return b->pair ? pair_ear(b->pair, PAIR_HOST) : wave_ear(&b->to_host);
}

// On a pair the host is at the first board's end.
static void host_listens(struct board *b) {
    if (!b->pair || b->pair_member == 1) {
        ev_at(b, EV_HOST_RX, sampler_next(&b->host_rx, host_ear(b)));
    }
}

void line_changed(struct board *b) {
    usart_line_changed(b, wired(b));
    host_listens(b);
}

static void forget(struct sampler *s, uint64_t now) {
    if (!s->busy && s->from < now) {
        s->from = now;
    }
}

void line_forget(struct board *b) {
    forget(&wired(b)->rx, now_ps(b));
    forget(&b->host_rx, now_ps(b));
}

bool line_open(struct board *b) {
    b->host_out = malloc(QUEUE * sizeof *b->host_out);
    b->host_in = malloc(QUEUE);
    return b->host_out && b->host_in;
}

void line_close(struct board *b) {
    free(b->host_out);
    free(b->host_in);
}

void line_power_off(struct board *b) {
    // The host goes on sending into a dead device; what is in the air is lost with its edges.
    wave_clear(&b->to_host);
    ev_at(b, EV_HOST_RX, NEVER);
    if (b->pair) { // others go on
        pair_pins_changed(b);
        host_listens(b);
    }
}

static void listen(struct board *b, uint64_t from) {
    sampler_start(&b->host_rx, from, host_bit_ps(b, b->host_rate), usart_frame_bits(wired(b)));
    host_listens(b);
}

void board_line_set_rate(struct board *b, uint32_t baud) {
    if (b->host_rate != baud) {
        b->host_rate = baud;
        listen(b, now_ps(b));
    }
}

uint32_t board_line_rate(const struct board *b) {
    return b->host_rate ? b->host_rate : board_uart_baud(b);
}

void line_device_rate_changed(struct board *b) {
    if (!b->host_rate) {
        listen(b, now_ps(b));
    }
}

static unsigned parity_of(unsigned v) {
    return (unsigned)__builtin_popcount(v) & 1u;
}

// Even or odd parity is what the device is set to: a pty cannot carry the host's choice.
static uint16_t host_frame(const struct uart *u, uint8_t byte, unsigned nbits) {
    uint16_t bits = (uint16_t)(byte << 1);
    unsigned stop = nbits - 1;
    if (nbits == 11) {
        unsigned parity = (u->cr1 & (1u << 10)) ? parity_of(byte) ^ ((u->cr1 >> 9) & 1u) : 1u;
        bits |= (uint16_t)(parity << 9);
    }
    return (uint16_t)(bits | 1u << stop);
}

static void host_hears(struct board *b, uint8_t byte) {
    if (b->host_in_len < QUEUE) {
        b->host_in[(b->host_in_head + b->host_in_len) % QUEUE] = byte;
        b->host_in_len++;
    }
}

// The wire is free: the next queued character starts.
void line_feed(struct board *b) {
    uint64_t now = now_ps(b);
    if (!b->host_out_len) {
        return;
    }
    if (now < b->to_device_free) {
        ev_at(b, EV_LINE, b->to_device_free);
        return;
    }
    struct host_byte next = b->host_out[b->host_out_head];
    if (next.not_before_ps > now) {
        ev_at(b, EV_LINE, next.not_before_ps);
        return;
    }
    b->host_out_head = (b->host_out_head + 1) % QUEUE;
    b->host_out_len--;
    struct uart *u = wired(b);
    unsigned nbits = usart_frame_bits(u);
    uint64_t bit = host_bit_ps(b, next.rate);
    b->to_device_free = now + bit * nbits;
    if (b->unplugged && !b->pair) {
        b->counters.lost_unplugged++;
    } else if (b->pair) {
        pair_drive(b->pair, PAIR_HOST, now, b->to_device_free + b->pair->hold_ps);
        pair_send(b->pair, PAIR_HOST, now, bit, host_frame(u, next.value, nbits), nbits);
    } else {
        wave_add(&b->to_device, now, bit, host_frame(u, next.value, nbits), nbits);
        usart_line_changed(b, u);
    }
    if (b->echo) { // a character early, which no host can tell
        host_hears(b, next.value);
    }
    ev_at(b, EV_LINE, b->to_device_free);
}

void board_echo(struct board *b, bool on) {
    if (b->pair) {
        board_pair_echo(b->pair, on);
    } else {
        b->echo = on;
    }
}

size_t board_uart_push(struct board *b, const uint8_t *data, size_t n) {
    return board_uart_push_at(b, data, n, 0);
}

size_t board_uart_push_at(struct board *b, const uint8_t *data, size_t n, uint64_t not_before_ps) {
    size_t taken = 0;
    while (taken < n && b->host_out_len < QUEUE) {
        b->host_out[(b->host_out_head + b->host_out_len) % QUEUE] =
            (struct host_byte){not_before_ps, b->host_rate, data[taken++]};
        b->host_out_len++;
    }
    if (taken && b->ev[EV_LINE] == NEVER) {
        uint64_t now = now_ps(b);
        ev_at(b, EV_LINE, now > b->to_device_free ? now : b->to_device_free);
    }
    return taken;
}

void board_uart_hurry(struct board *b, uint64_t ps) {
    for (size_t i = 0; i < b->host_out_len; i++) {
        struct host_byte *byte = &b->host_out[(b->host_out_head + i) % QUEUE];
        byte->not_before_ps -= ps < byte->not_before_ps ? ps : byte->not_before_ps;
    }
    if (b->host_out_len) {
        ev_at(b, EV_LINE, now_ps(b));
    }
}

void board_uart_discard(struct board *b) {
    b->host_out_len = 0;
}

size_t board_uart_waiting(const struct board *b) {
    return b->host_out_len;
}

void line_device_sent(struct board *b, uint16_t bits, unsigned nbits, uint64_t start,
                      uint64_t bit_ps) {
    if (b->unplugged) {
        b->counters.lost_unplugged++;
        return;
    }
    if (b->pair) {
        pair_send(b->pair, b->pair_member, start, bit_ps, bits, nbits);
        return;
    }
    wave_add(&b->to_host, start, bit_ps, bits, nbits);
    host_listens(b);
}

void line_host_event(struct board *b) {
    uint32_t noise = rng_next(&b->rng_line);
    struct sample s = sampler_take(&b->host_rx, host_ear(b), &noise);
    host_hears(b, (uint8_t)s.data);
    host_listens(b);
}

size_t board_uart_pull(struct board *b, uint8_t *data, size_t room) {
    size_t n = 0;
    while (n < room && b->host_in_len) {
        data[n++] = b->host_in[b->host_in_head];
        b->host_in_head = (b->host_in_head + 1) % QUEUE;
        b->host_in_len--;
    }
    return n;
}

void board_unplug(struct board *b, bool unplugged) {
    if (b->unplugged != unplugged) {
        b->unplugged = unplugged;
        wave_clear(&b->to_host); // characters cut in two are lost whole
        wave_clear(&b->to_device);
        if (!b->pair) { // otherwise the host is not at this board's plug
            listen(b, now_ps(b));
        }
        usart_pins_changed(b);
        usart_line_changed(b, wired(b));
    }
}

bool board_line_idle(const struct board *b) {
    const struct uart *u = wired((struct board *)b);
    uint64_t now = now_ps(b);
    return !b->host_out_len && now >= b->to_device_free && !u->tx_moving &&
           b->ev[EV_HOST_RX] == NEVER;
}

bool board_busy(const struct board *b) {
    return !board_line_idle(b) || b->fpec.busy || board_rom_is_starting(b);
}
