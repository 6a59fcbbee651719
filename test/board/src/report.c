// What is told about a board: events, log lines, and the verdict on what the firmware did.
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

void board_emit(struct board *b, enum board_event_kind kind, uint32_t value, const char *text) {
    if (b->cfg.on_event) {
        struct board_event e = {kind, now_ps(b), value, text};
        b->cfg.on_event(b->cfg.user, &e);
    }
}

void board_log(struct board *b, const char *fmt, ...) {
    if (b->cfg.on_log) {
        char line[256];
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(line, sizeof line, fmt, ap);
        va_end(ap);
        b->cfg.on_log(b->cfg.user, line);
    }
}

bool board_in_bootloader(const struct board *b) {
    // Code in SRAM belongs to whoever ran from flash last.
    uint32_t app = b->cfg.app_base ? b->cfg.app_base : APP_BASE;
    return b->flash_pc < app && !b->cfg.lenient;
}

void board_stop_error(struct board *b, const char *text) {
    if (b->state == BOARD_RUNNING) {
        b->state = BOARD_ERROR;
        snprintf(b->error, sizeof b->error, "%s (pc 0x%08X, flash pc 0x%08X)", text, b->pc,
                 b->flash_pc);
        cpu_attention(b, ATTN_STOP);
        for (int i = 0; i < EV_COUNT; i++) { // nothing, the watchdog least, may hide it
            b->ev[i] = i == EV_LINE ? b->ev[i] : NEVER;
        }
        board_log(b, "error: %s", b->error);
        board_emit(b, BOARD_EVENT_ERROR, b->pc, b->error);
    }
}

static bool first_time(struct board *b, uint32_t key) {
    for (size_t i = 0; i < b->logged_count; i++) {
        if (b->logged[i] == key) {
            return false;
        }
    }
    if (b->logged_count == b->logged_room) {
        size_t room = b->logged_room ? 2 * b->logged_room : 64;
        uint32_t *p = room <= 65536 ? realloc(b->logged, room * sizeof *p) : NULL;
        if (!p) {
            return false;
        }
        b->logged = p;
        b->logged_room = room;
    }
    b->logged[b->logged_count++] = key;
    return true;
}

void board_violation(struct board *b, uint32_t key, const char *fmt, ...) {
    char text[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    b->counters.violations++;
    if (board_in_bootloader(b)) {
        board_stop_error(b, text);
    } else if (first_time(b, key)) {
        board_log(b, "app: %s (pc 0x%08X)", text, b->pc);
    }
}

void board_unknown(struct board *b, uint32_t address, bool write, unsigned size) {
    struct board_counters *c = &b->counters;
    bool fresh = first_time(b, address ^ (write ? 0x80000000u : 0));
    if (c->unknown_accesses < BOARD_UNKNOWN_LIST || fresh) {
        for (size_t i = 0; i < BOARD_UNKNOWN_LIST; i++) {
            if (c->unknown[i].address == address && c->unknown[i].write == write) {
                break;
            }
            if (!c->unknown[i].address) {
                c->unknown[i] = (struct board_unknown){address, b->pc, write};
                break;
            }
        }
    }
    c->unknown_accesses++;
    char text[96];
    const char *name = bus_name(b, address);
    snprintf(text, sizeof text, "unknown %u-byte %s at 0x%08X%s%s%s", size,
             write ? "write" : "read", address, name ? " (" : "", name ? name : "",
             name ? ")" : "");
    if (board_in_bootloader(b)) {
        board_stop_error(b, text);
    } else if (fresh) {
        board_log(b, "app: %s (pc 0x%08X)", text, b->pc);
    }
}
