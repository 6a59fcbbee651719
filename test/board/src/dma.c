// DMA1 (RM0008 section 13), served at the moment of the request. It goes on while the CPU
// stands still for the flash; only its own reads of flash wait.
#include <string.h>

#include "internal.h"

#define CCR_EN      (1u << 0)
#define CCR_TEIE    (1u << 3)
#define CCR_DIR     (1u << 4) // read from memory
#define CCR_CIRC    (1u << 5)
#define CCR_PINC    (1u << 6)
#define CCR_MINC    (1u << 7)
#define CCR_MEM2MEM (1u << 14)

#define CHANNELS 7u // at most
#define CSELR    0xA8u

#define F_GIF 1u
#define F_TC  2u
#define F_HT  4u
#define F_TE  8u

static bool wants_interrupt(const struct board *b, unsigned n) {
    return (b->dma.isr >> (4 * n) & b->dma.ch[n].ccr & (F_TC | F_HT | F_TE)) != 0;
}

static void lines(struct board *b, unsigned n) {
    bool irq = false;
    for (unsigned i = 0; i < CHANNELS; i++) { // F0: several channels share an interrupt
        irq |= b->family->dma_irq[i] == b->family->dma_irq[n] && wants_interrupt(b, i);
    }
    nvic_line(b, b->family->dma_irq[n], irq);
}

static bool has_cselr(const struct board *b) {
    return b->family->cselr_dev_id && b->family->cselr_dev_id == b->part->dev_id;
}

static unsigned channels(const struct board *b) {
    return b->family->dma_channels ? b->family->dma_channels(b->part) : CHANNELS;
}

static void raise(struct board *b, unsigned n, uint32_t flag) {
    b->dma.isr |= (flag | F_GIF) << (4 * n);
    lines(b, n);
}

static void fail(struct board *b, unsigned n) {
    b->counters.dma_errors++;
    b->dma.ch[n].ccr &= ~CCR_EN;
    raise(b, n, F_TE);
}

static bool reads_flash(const struct board *b, uint32_t addr) {
    uint32_t off;
    return bus_in_flash(b, addr, &off);
}

// What DMA finds at an address: the core-coupled RAM is not on its bus.
static uint8_t *memory(struct board *b, uint32_t addr, unsigned size, bool write) {
    if (addr - CCM_BASE < b->ram[RAM_CCM].size) {
        board_violation(b, addr, "DMA at 0x%08X: the CCM RAM is not on its bus", addr);
        return NULL;
    }
    return bus_memory(b, addr, size, write);
}

// One transfer; false when it has to wait or failed.
static bool transfer(struct board *b, unsigned n) {
    struct dma_channel *c = &b->dma.ch[n];
    unsigned psize = 1u << ((c->ccr >> 8) & 3u), msize = 1u << ((c->ccr >> 10) & 3u);
    bool to_periph = c->ccr & CCR_DIR;
    if (psize > 4 || msize > 4) {
        fail(b, n);
        return false;
    }
    if (to_periph && fpec_stalls(b) && reads_flash(b, c->cmar_now)) {
        return false;
    }
    uint8_t *mem = memory(b, c->cmar_now, msize, !to_periph);
    if (!mem || !bus_is_peripheral(c->cpar_now)) {
        fail(b, n);
        return false;
    }
    uint64_t cyc = b->cyc; // the CPU does not wait for these accesses
    uint32_t v = 0;
    if (to_periph) {
        memcpy(&v, mem, msize);
        bus_write(b, c->cpar_now, v, psize);
    } else {
        v = bus_read(b, c->cpar_now, psize);
        memcpy(mem, &v, msize);
    }
    b->cyc = cyc;
    b->counters.dma_bytes += msize;
    c->cmar_now += (c->ccr & CCR_MINC) ? msize : 0;
    c->cpar_now += (c->ccr & CCR_PINC) ? psize : 0;
    c->cndtr--;
    if (c->cndtr == c->reload / 2) {
        raise(b, n, F_HT);
    }
    if (c->cndtr == 0) {
        if (c->ccr & CCR_CIRC) {
            c->cndtr = c->reload;
            c->cmar_now = c->cmar;
            c->cpar_now = c->cpar;
        }
        raise(b, n, F_TC);
    }
    return true;
}

static void serve(struct board *b, unsigned n) {
    struct dma_channel *c = &b->dma.ch[n];
    if (b->dma.serving) {
        return;
    }
    b->dma.serving = true;
    while (c->request && (c->ccr & CCR_EN) && c->cndtr && (b->rcc.ahbenr & 1u) && transfer(b, n)) {
    }
    b->dma.serving = false;
}

void dma_request(struct board *b, unsigned channel, bool level) {
    if (channel) {
        b->dma.ch[channel - 1].request = level;
        if (level) {
            serve(b, channel - 1);
        }
    }
}

void dma_release(struct board *b) {
    for (unsigned n = 0; n < CHANNELS; n++) {
        b->dma.ch[n].request = false;
    }
}

void dma_flash_free(struct board *b) {
    for (unsigned n = 0; n < CHANNELS; n++) {
        serve(b, n);
    }
}

static void ccr_write(struct board *b, unsigned n, uint32_t v) {
    struct dma_channel *c = &b->dma.ch[n];
    if (v & CCR_MEM2MEM) {
        board_violation(b, 0x40020008 + 20 * n, "DMA memory to memory is not modelled");
    }
    bool starts = (v & CCR_EN) && !(c->ccr & CCR_EN);
    c->ccr = v & 0x7FFFu;
    if (starts) {
        c->reload = c->cndtr;
        c->cmar_now = c->cmar;
        c->cpar_now = c->cpar;
    }
    lines(b, n);
    serve(b, n);
}

void dma_write(struct board *b, const struct periph *p, uint32_t off, uint32_t v, unsigned size) {
    (void)size;
    if (off == 0x04) { // IFCR: CGIF clears all four
        for (unsigned n = 0; n < CHANNELS; n++) {
            uint32_t f = (v >> (4 * n)) & 15u;
            b->dma.isr &= ~((f & F_GIF ? 15u : f) << (4 * n));
            if (!((b->dma.isr >> (4 * n)) & 14u)) {
                b->dma.isr &= ~(F_GIF << (4 * n));
            }
            lines(b, n);
        }
        return;
    }
    if (off == CSELR && has_cselr(b)) {
        b->dma.cselr = v;
        usart_requests_moved(b);
        return;
    }
    unsigned n = (off - 8) / 20, reg = (off - 8) % 20;
    if (off < 8 || n >= channels(b) || reg > 12) {
        board_unknown(b, p->base + off, true, 4);
        return;
    }
    struct dma_channel *c = &b->dma.ch[n];
    if (reg == 0) {
        ccr_write(b, n, v);
        return;
    }
    if (c->ccr & CCR_EN) {
        board_violation(b, p->base + off, "DMA channel %u changed while enabled", n + 1);
        return;
    }
    if (reg == 4) {
        c->cndtr = c->reload = (uint16_t)v;
    } else if (reg == 8) {
        c->cpar = v;
    } else {
        c->cmar = v;
    }
}

uint32_t dma_read(struct board *b, const struct periph *p, uint32_t off) {
    if (off == 0) {
        return b->dma.isr;
    }
    if (off == CSELR && has_cselr(b)) {
        return b->dma.cselr;
    }
    unsigned n = (off - 8) / 20, reg = (off - 8) % 20;
    if (off < 8 || n >= channels(b) || reg > 12) {
        board_unknown(b, p->base + off, false, 4);
        return 0;
    }
    const struct dma_channel *c = &b->dma.ch[n];
    return reg == 0 ? c->ccr : reg == 4 ? c->cndtr : reg == 8 ? c->cpar : c->cmar;
}

void dma_reset(struct board *b, const struct periph *p) {
    (void)p;
    bool request[CHANNELS];
    for (unsigned n = 0; n < CHANNELS; n++) {
        request[n] = b->dma.ch[n].request; // the requester's line, not DMA's
    }
    memset(&b->dma, 0, sizeof b->dma);
    for (unsigned n = 0; n < CHANNELS; n++) {
        b->dma.ch[n].request = request[n];
        lines(b, n);
    }
}

void dma_fixed_requests(const struct board *b, unsigned index, unsigned *rx, unsigned *tx) {
    static const uint8_t channel[BOARD_UARTS][2] = {{5, 4}, {6, 7}, {3, 2}};
    (void)b;
    *rx = channel[index][0];
    *tx = channel[index][1];
}
