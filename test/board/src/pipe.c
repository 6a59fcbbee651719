// --pipe: host and board in lockstep. One command a line, one answer a line, no wall clock.
#include <stdlib.h>
#include <string.h>

#include "session.h"

#define MAX_LINE (1u << 20)
#define CHUNK    65536u

static void put_events(struct session *s, struct json *out) {
    static const char *const kinds[] = {"reset",  "powerOff", "powerOn", "cut",
                                        "lockup", "error",    "fault",   "baud"};
    static const char *const causes[] = {"power", "pin", "software", "iwdg"};
    json_open(out, "events", '[');
    for (size_t i = 0; i < s->event_count; i++) {
        const struct session_event *e = &s->event[i];
        json_open(out, NULL, '{');
        json_str(out, "event", kinds[e->kind]);
        if (s->units > 1) {
            json_u64(out, "board", e->unit);
        }
        json_u64(out, "timeUs", e->time_ps / BOARD_PS_PER_US);
        if (e->kind == BOARD_EVENT_RESET) {
            json_str(out, "cause", causes[e->value]);
        } else if (e->kind == BOARD_EVENT_BAUD) {
            json_u64(out, "baud", e->value);
        } else if (e->kind == BOARD_EVENT_FAULT) {
            json_u64(out, "exception", e->value);
        } else if (e->kind == BOARD_EVENT_LOCKUP || e->kind == BOARD_EVENT_ERROR) {
            json_str(out, "text", e->text);
        }
        json_close(out, '}');
    }
    json_close(out, ']');
    if (s->events_lost) {
        json_u64(out, "eventsLost", s->events_lost);
    }
    s->event_count = s->events_lost = 0;
}

static void run(struct session *s, const char *arg, bool until_byte, struct json *out) {
    uint64_t us;
    static const char *const states[] = {"off", "running", "lockup", "error"};
    if (!parse_u64(arg, &us) || us > 1000000000000ull) {
        control_error(out, "run: expected a time in microseconds");
        return;
    }
    if (until_byte) {
        session_run_until_tx(s, us * BOARD_PS_PER_US);
    } else {
        session_run_ps(s, us * BOARD_PS_PER_US);
    }
    uint8_t *data = malloc(CHUNK * 4);
    if (!data) {
        abort();
    }
    size_t n = board_uart_pull(session_line(s), data, CHUNK * 4);
    json_begin(out);
    json_open(out, NULL, '{');
    json_bool(out, "ok", true);
    json_u64(out, "timeUs", session_time_ps(s) / BOARD_PS_PER_US);
    json_str(out, "state", states[board_get_state(session_line(s))]);
    json_hex(out, "rx", data, n);
    json_u64(out, "waiting", board_uart_waiting(session_line(s)));
    put_events(s, out);
    free(data);
}

static void send_bytes(struct session *s, const char *hex, struct json *out) {
    size_t n = 0, room = strlen(hex) / 2 + 1;
    uint8_t *data = malloc(room);
    if (!data) {
        abort();
    }
    if (!parse_hex(hex, data, room, &n)) {
        control_error(out, "send: expected an even number of hex digits");
    } else if (board_uart_push(session_line(s), data, n) != n) {
        control_error(out, "send: more bytes than the host's queue holds; run first");
    } else {
        json_begin(out);
        json_open(out, NULL, '{');
        json_bool(out, "ok", true);
        json_u64(out, "waiting", board_uart_waiting(session_line(s)));
    }
    free(data);
}

static void set_rate(struct session *s, const char *arg, struct json *out) {
    uint64_t rate;
    if (!strcmp(arg, "device")) {
        rate = 0;
    } else if (!parse_u64(arg, &rate) || (rate && rate < 50) || rate > 10000000) {
        control_error(out, "rate: expected 50 to 10000000 Bd, or device (the rate of BRR)");
        return;
    }
    board_line_set_rate(session_line(s), (uint32_t)rate);
    json_begin(out);
    json_open(out, NULL, '{');
    json_bool(out, "ok", true);
    json_u64(out, "rate", board_line_rate(session_line(s)));
}

static void answer(struct session *s, char *line, struct json *out) {
    size_t word = strcspn(line, " \t\r");
    char *arg = line + word + strspn(line + word, " \t\r");
    arg[strcspn(arg, " \t\r")] = 0;
    if (word == 4 && !strncmp(line, "send", 4)) {
        send_bytes(s, arg, out);
    } else if (word == 4 && !strncmp(line, "rate", 4)) {
        set_rate(s, arg, out);
    } else if (word == 3 && !strncmp(line, "run", 3)) {
        run(s, arg, false, out);
    } else {
        run(s, arg, true, out);
    }
    json_close(out, '}');
}

static bool is_own(const char *line) {
    static const char *const own[] = {"send", "rate", "run", "run-until-byte"};
    size_t word = strcspn(line, " \t\r");
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        if (strlen(own[i]) == word && !strncmp(line, own[i], word)) {
            return true;
        }
    }
    return false;
}

int run_pipe(struct session *s) {
    char *line = malloc(MAX_LINE);
    struct json out = {0};
    if (!line) {
        abort();
    }
    while (!s->quit && fgets(line, MAX_LINE, stdin)) {
        size_t len = strlen(line);
        if (len && line[len - 1] == '\n') {
            line[len - 1] = 0;
        } else if (!feof(stdin)) { // longer than any command
            for (int c = getchar(); c != '\n' && c != EOF;) {
                c = getchar();
            }
            control_error(&out, "line longer than %u bytes", MAX_LINE - 1);
            json_close(&out, '}');
            printf("%s\n", out.text);
            fflush(stdout);
            continue;
        }
        if (is_own(line)) {
            answer(s, line, &out);
        } else {
            control_command(s, line, &out);
        }
        printf("%s\n", out.text);
        fflush(stdout);
    }
    json_free(&out);
    free(line);
    return 0;
}
