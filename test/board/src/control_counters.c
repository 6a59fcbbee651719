// The answer to `counters`.
#include "session.h"

static const char *state_name(const struct board *b) {
    static const char *const names[] = {"off", "running", "lockup", "error"};
    return names[board_get_state(b)];
}

static void put_unknown(const struct board_counters *c, struct json *out) {
    json_u64(out, "unknownAccesses", c->unknown_accesses);
    json_open(out, "unknown", '[');
    for (size_t i = 0; i < BOARD_UNKNOWN_LIST && c->unknown[i].address; i++) {
        char addr[16], pc[16];
        snprintf(addr, sizeof addr, "0x%08X", c->unknown[i].address);
        snprintf(pc, sizeof pc, "0x%08X", c->unknown[i].pc);
        json_open(out, NULL, '{');
        json_str(out, "addr", addr);
        json_str(out, "pc", pc);
        json_bool(out, "write", c->unknown[i].write);
        json_close(out, '}');
    }
    json_close(out, ']');
}

static void put_flash(struct session *s, const struct board_counters *c, struct json *out) {
    json_u64(out, "flashOps", c->flash_ops);
    json_u64(out, "halfWords", c->half_words);
    json_u64(out, "erases", c->erases);
    const struct board_part *part = s->at->config.part;
    const uint32_t *pages = board_erases_per_page(s->at->board);
    json_open(out, "erasesPerPage", '{');
    for (uint32_t i = 0; i < part->flash_size / part->page_size; i++) {
        if (pages[i]) {
            char key[16];
            snprintf(key, sizeof key, "%u", i);
            json_u64(out, key, pages[i]);
        }
    }
    json_close(out, '}');
    json_u64(out, "pgErrors", c->pg_errors);
    json_u64(out, "wrprtErrors", c->wrprt_errors);
    json_u64(out, "weakCells", board_weak_cells(s->at->board));
}

static void put_pair(const struct session *s, struct json *out) {
    if (!s->pair) {
        return;
    }
    struct board_pair_counts own = board_pair_counts(s->pair, s->at->number);
    struct board_pair_counts host = board_pair_counts(s->pair, 0);
    json_u64(out, "collisions", own.collisions);
    json_u64(out, "hostCollisions", host.collisions);
    json_u64(out, "unheard", own.unheard);
}

void control_lag(const struct session *s, struct json *out) {
    json_fixed(out, "lagMs", s->pace.lag_ns / NS_PER_US);
    json_fixed(out, "maxLagMs", s->pace.max_lag_ns / NS_PER_US);
    json_fixed(out, "lostMs", s->pace.lost_ns / NS_PER_US);
}

void control_counters(struct session *s, struct json *out) {
    struct board *b = s->at->board;
    const struct board_counters *c = board_counters(b);
    char pc[16];
    snprintf(pc, sizeof pc, "0x%08X", board_pc(b));
    json_str(out, "state", state_name(b));
    json_str(out, "errorText", *board_error_text(b) ? board_error_text(b) : NULL);
    json_str(out, "pc", pc);
    json_bool(out, "rom", board_in_rom(b));
    json_u64(out, "virtualTimeUs", board_time_ps(b) / BOARD_PS_PER_US);
    json_u64(out, "cycles", board_cycles(b));
    json_u64(out, "instructions", c->instructions);
    json_u64(out, "hclk", board_hclk(b));
    json_u64(out, "baud", board_uart_baud(b));
    json_u64(out, "lineRate", board_line_rate(b));
    put_flash(s, c, out);
    json_u64(out, "uartRx", c->uart_rx);
    json_u64(out, "uartTx", c->uart_tx);
    json_u64(out, "overruns", c->overruns);
    json_u64(out, "framingErrors", c->framing_errors);
    json_u64(out, "noiseErrors", c->noise_errors);
    json_u64(out, "lostUnplugged", c->lost_unplugged);
    json_u64(out, "dmaBytes", c->dma_bytes);
    json_u64(out, "dmaErrors", c->dma_errors);
    put_unknown(c, out);
    json_u64(out, "violations", c->violations);
    json_u64(out, "faults", c->faults);
    json_u64(out, "stackUsed", c->stack_used);
    json_open(out, "resets", '{');
    static const char *const causes[] = {"power", "pin", "software", "iwdg"};
    for (int i = 0; i < BOARD_RESET_CAUSES; i++) {
        json_u64(out, causes[i], c->resets[i]);
    }
    json_close(out, '}');
    put_pair(s, out);
    if (!s->pipe) { // wall time has no place in a deterministic answer
        json_str(out, "mode", s->mode);
        control_lag(s, out);
        json_u64(out, "instructionsLeftOut", c->left_out);
        json_u64(out, "txDropped", s->tx_dropped);
    }
}
