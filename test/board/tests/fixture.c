#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FIRMWARE_DIR
#error "FIRMWARE_DIR names where the test firmwares were built"
#endif

static void on_event(void *user, const struct board_event *e) {
    struct fixture *f = user;
    f->events[e->kind]++;
    if (e->kind == BOARD_EVENT_RESET) {
        f->last_reset = e->value;
    }
}

static void on_log(void *user, const char *line) {
    struct fixture *f = user;
    size_t n = strlen(f->log);
    snprintf(f->log + n, sizeof f->log - n, "%s\n", line);
}

struct board_config fixture_config(struct fixture *f) {
    return (struct board_config){.part = board_find_part("stm32f103xe"),
                                 .seed = 1,
                                 .user = f,
                                 .on_event = on_event,
                                 .on_log = on_log};
}

void fixture_load(struct fixture *f, const char *firmware, uint32_t address) {
    char path[512], err[256];
    snprintf(path, sizeof path, "%s/%s.bin", FIRMWARE_DIR, firmware);
    if (!board_flash_overlay(f->board, path, address, err, sizeof err)) {
        fprintf(stderr, "%s\n", err);
        exit(1);
    }
}

void fixture_start(struct fixture *f, const char *firmware, const struct board_config *config) {
    memset(f, 0, sizeof *f);
    struct board_config c = config ? *config : fixture_config(f);
    f->board = board_create(&c);
    if (!f->board) {
        fprintf(stderr, "board_create failed\n");
        exit(1);
    }
    fixture_load(f, firmware, 0x08000000);
    board_power_on(f->board);
}

void fixture_stop(struct fixture *f) {
    board_destroy(f->board);
    f->board = NULL;
}

static void pull(struct fixture *f) {
    size_t room = sizeof f->heard - 1 - f->heard_len;
    f->heard_len += board_uart_pull(f->board, (uint8_t *)f->heard + f->heard_len, room);
    f->heard[f->heard_len] = 0;
}

void fixture_run_ms(struct fixture *f, unsigned ms) {
    board_run_ps(f->board, ms * MS);
    pull(f);
}

void fixture_send(struct fixture *f, const char *bytes) {
    board_uart_push(f->board, (const uint8_t *)bytes, strlen(bytes));
}

const char *fixture_ask(struct fixture *f, const char *bytes, unsigned ms) {
    f->heard_len = 0;
    fixture_send(f, bytes);
    for (unsigned i = 0; i < ms && (!f->heard_len || f->heard[f->heard_len - 1] != '\n'); i++) {
        fixture_run_ms(f, 1);
    }
    return f->heard;
}

bool fixture_heard(const struct fixture *f, const char *text) {
    return strstr(f->heard, text) != NULL;
}
