// The control commands: what a hand, a bench supply or a debugger would do to a real board.
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "session.h"

#define MAX_ARGS      4
#define MAX_PEEK      4096u
#define MIN_SUPPLY_MV 1900u // just above power-down reset (DS5319 table 11)
#define MAX_SUPPLY_MV 3600u

static const char help[] =
    "commands: reset, power on|off|cycle, supply MV, cut N [SEED], cut-option N [SEED], cut off, "
    "cut-cycles N, "
    "button press|release, button PIN high|low|float, pin PIN, unplug, replug, counters, "
    "boot0 high|low, rom-nack CODE STEP [SKIP [FIRST]], rom-nack off, echo on|off, clear-counters, "
    "save [FILE], peek ADDR LEN, poke ADDR HEX, hw-watchdog "
    "on|off, time, "
    "quit; @2 before a command: of the second board; "
    "with --pipe also send HEX, rate N, run US, run-until-byte US";

bool parse_u64(const char *text, uint64_t *v) {
    char *end;
    errno = 0;
    if (!isdigit((unsigned char)text[0])) {
        return false;
    }
    *v = strtoull(text, &end, 0);
    return !*end && errno == 0;
}

static int nibble(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool parse_hex(const char *text, uint8_t *out, size_t room, size_t *n) {
    size_t len = strlen(text);
    if (len % 2 || len / 2 > room) {
        return false;
    }
    for (size_t i = 0; i < len / 2; i++) {
        int hi = nibble(text[2 * i]), lo = nibble(text[2 * i + 1]);
        if (hi < 0 || lo < 0) {
            return false;
        }
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    *n = len / 2;
    return true;
}

void control_error(struct json *out, const char *fmt, ...) {
    char text[768];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    json_begin(out);
    json_open(out, NULL, '{');
    json_bool(out, "ok", false);
    json_str(out, "error", text);
}

static bool cmd_reset(struct session *s, int argc, char **argv, struct json *out) {
    (void)argc, (void)argv, (void)out;
    board_reset_pin(s->at->board);
    return true;
}

static bool cmd_power(struct session *s, int argc, char **argv, struct json *out) {
    const char *what = argc > 1 ? argv[1] : "";
    if (!strcmp(what, "on")) {
        board_power_on(s->at->board);
    } else if (!strcmp(what, "off")) {
        board_power_off(s->at->board);
    } else if (!strcmp(what, "cycle")) {
        board_power_off(s->at->board);
        board_power_on(s->at->board);
    } else {
        control_error(out, "power: expected on, off or cycle");
        return false;
    }
    return true;
}

static bool cmd_supply(struct session *s, int argc, char **argv, struct json *out) {
    uint64_t mv;
    if (argc != 2 || !parse_u64(argv[1], &mv) || mv < MIN_SUPPLY_MV || mv > MAX_SUPPLY_MV) {
        control_error(out, "supply: expected %u to %u mV; below that the part resets itself",
                      MIN_SUPPLY_MV, MAX_SUPPLY_MV);
        return false;
    }
    board_supply(s->at->board, (uint32_t)mv);
    return true;
}

static bool cmd_cut(struct session *s, int argc, char **argv, struct json *out) {
    uint64_t n = 0, seed = s->at->config.seed;
    if (argc == 2 && !strcmp(argv[1], "off")) {
        board_cut_at(s->at->board, 0, 0);
        board_cut_after_cycles(s->at->board, UINT64_MAX);
        return true;
    }
    if (argc < 2 || !parse_u64(argv[1], &n) || !n || (argc > 2 && !parse_u64(argv[2], &seed))) {
        control_error(out, "%s: expected N [SEED] with N from 1, or off", argv[0]);
        return false;
    }
    (strcmp(argv[0], "cut") ? board_cut_at_option : board_cut_at)(s->at->board, n, seed + n);
    return true;
}

static bool cmd_cut_cycles(struct session *s, int argc, char **argv, struct json *out) {
    uint64_t n = 0;
    if (argc < 2 || !parse_u64(argv[1], &n) || n > UINT64_MAX / 4) {
        control_error(out, "cut-cycles: expected a number of CPU cycles");
        return false;
    }
    board_cut_after_cycles(s->at->board, n);
    return true;
}

static bool cmd_button(struct session *s, int argc, char **argv, struct json *out) {
    int port = s->at->button_port, bit = s->at->button_bit, level = -1;
    if (argc == 2 && port >= 0 && !strcmp(argv[1], "press")) {
        level = s->at->button_high;
    } else if (argc == 2 && port >= 0 && !strcmp(argv[1], "release")) {
        level = !s->at->button_high;
    } else if (argc == 3 && board_pin_parse(argv[1], &port, &bit)) {
        const char *l = argv[2];
        if (!strcmp(l, "high") || !strcmp(l, "1")) {
            level = 1;
        } else if (!strcmp(l, "low") || !strcmp(l, "0")) {
            level = 0;
        } else if (strcmp(l, "float") != 0) {
            control_error(out, "button: level is high, low or float");
            return false;
        }
    } else {
        control_error(out, port < 0 ? "button: this board has none; name a PIN and a level"
                                    : "button: expected press, release, or PIN high|low|float");
        return false;
    }
    board_pin_drive(s->at->board, port, bit, level);
    return true;
}

static bool cmd_pin(struct session *s, int argc, char **argv, struct json *out) {
    int port, bit;
    if (argc != 2 || !board_pin_parse(argv[1], &port, &bit)) {
        control_error(out, "pin: expected a pin such as PA1");
        return false;
    }
    int level = board_pin_output(s->at->board, port, bit);
    json_bool(out, "output", level >= 0);
    if (level >= 0) {
        json_i64(out, "level", level);
    }
    return true;
}

static bool cmd_unplug(struct session *s, int argc, char **argv, struct json *out) {
    (void)argc, (void)out;
    board_unplug(s->at->board, argv[0][0] == 'u');
    return true;
}

static bool cmd_counters(struct session *s, int argc, char **argv, struct json *out) {
    (void)argc, (void)argv;
    if (board_get_state(s->at->board) == BOARD_ERROR) { // a script must not overlook it
        control_error(out, "%s", board_error_text(s->at->board));
    }
    control_counters(s, out);
    return true;
}

static bool cmd_clear(struct session *s, int argc, char **argv, struct json *out) {
    (void)argc, (void)argv, (void)out;
    board_clear_counters(s->at->board);
    s->pace.lost_ns = s->pace.max_lag_ns = s->said_lost_ns = s->tx_dropped = 0;
    return true;
}

static bool cmd_save(struct session *s, int argc, char **argv, struct json *out) {
    const char *path = argc > 1 ? argv[1] : s->at->flash_path;
    char err[256];
    if (!path) {
        control_error(out, "save: no --flash file was given, name one: save FILE");
        return false;
    }
    if (!board_flash_save(s->at->board, path, err, sizeof err)) {
        control_error(out, "save: %s", err);
        return false;
    }
    json_str(out, "file", path);
    return true;
}

static bool cmd_peek(struct session *s, int argc, char **argv, struct json *out) {
    uint64_t addr, n;
    uint8_t data[MAX_PEEK];
    if (argc != 3 || !parse_u64(argv[1], &addr) || !parse_u64(argv[2], &n) || n > MAX_PEEK ||
        addr > UINT32_MAX) {
        control_error(out, "peek: expected ADDR LEN, at most %u bytes", MAX_PEEK);
        return false;
    }
    if (!board_peek(s->at->board, (uint32_t)addr, data, (size_t)n)) {
        control_error(out, "peek: 0x%08llX..+%llu is not flash, RAM or system memory",
                      (unsigned long long)addr, (unsigned long long)n);
        return false;
    }
    json_hex(out, "hex", data, (size_t)n);
    return true;
}

static bool cmd_poke(struct session *s, int argc, char **argv, struct json *out) {
    uint64_t addr;
    uint8_t data[MAX_PEEK];
    size_t n;
    if (argc != 3 || !parse_u64(argv[1], &addr) || addr > UINT32_MAX ||
        !parse_hex(argv[2], data, sizeof data, &n)) {
        control_error(out, "poke: expected ADDR HEX, at most %u bytes", MAX_PEEK);
        return false;
    }
    if (!board_poke(s->at->board, (uint32_t)addr, data, n)) {
        control_error(out, "poke: 0x%08llX..+%zu is not flash or RAM", (unsigned long long)addr, n);
        return false;
    }
    return true;
}

static bool is_on_or_off(int argc, char **argv, struct json *out) {
    if (argc == 2 && (!strcmp(argv[1], "on") || !strcmp(argv[1], "off"))) {
        return true;
    }
    control_error(out, "%s: expected on or off", argv[0]);
    return false;
}

static bool cmd_watchdog(struct session *s, int argc, char **argv, struct json *out) {
    if (is_on_or_off(argc, argv, out)) {
        board_hw_watchdog(s->at->board, !strcmp(argv[1], "on"));
        return true;
    }
    return false;
}

static bool cmd_echo(struct session *s, int argc, char **argv, struct json *out) {
    if (is_on_or_off(argc, argv, out)) {
        board_echo(s->at->board, !strcmp(argv[1], "on"));
        return true;
    }
    return false;
}

static bool cmd_time(struct session *s, int argc, char **argv, struct json *out) {
    (void)argc, (void)argv;
    json_u64(out, "virtualTimeUs", board_time_ps(s->at->board) / BOARD_PS_PER_US);
    json_u64(out, "cycles", board_cycles(s->at->board));
    return true;
}

static bool cmd_quit(struct session *s, int argc, char **argv, struct json *out) {
    (void)argc, (void)argv, (void)out;
    s->quit = true;
    return true;
}

struct command {
    const char *name;
    bool (*run)(struct session *s, int argc, char **argv, struct json *out);
};

static const struct command commands[] = {
    {"reset", cmd_reset},
    {"power", cmd_power},
    {"cut", cmd_cut},
    {"cut-option", cmd_cut},
    {"cut-cycles", cmd_cut_cycles},
    {"button", cmd_button},
    {"pin", cmd_pin},
    {"unplug", cmd_unplug},
    {"replug", cmd_unplug},
    {"counters", cmd_counters},
    {"clear-counters", cmd_clear},
    {"save", cmd_save},
    {"peek", cmd_peek},
    {"poke", cmd_poke},
    {"hw-watchdog", cmd_watchdog},
    {"boot0", control_boot0},
    {"time", cmd_time},
    {"echo", cmd_echo},
    {"rom-nack", control_rom_nack},
    {"supply", cmd_supply},
    {"quit", cmd_quit},
};

void control_command(struct session *s, const char *line, struct json *out) {
    if (!session_turn(s, &line)) {
        control_error(out, "no such board: @1 to @%u", s->units);
        json_close(out, '}');
        return;
    }
    char *copy = strdup(line), *argv[MAX_ARGS + 1], *save = NULL;
    int argc = 0;
    if (!copy) {
        abort();
    }
    for (char *p = strtok_r(copy, " \t\r", &save); p && argc <= MAX_ARGS;
         p = strtok_r(NULL, " \t\r", &save)) {
        argv[argc++] = p;
    }
    bool found = false;
    for (size_t i = 0; argc && i < sizeof commands / sizeof *commands && !found; i++) {
        if (!strcmp(argv[0], commands[i].name)) {
            found = true;
            json_begin(out);
            json_open(out, NULL, '{');
            json_bool(out, "ok", true);
            commands[i].run(s, argc, argv, out);
        }
    }
    if (!found) {
        control_error(out, "unknown command '%.64s'; %s", argc ? argv[0] : "", help);
    }
    json_close(out, '}');
    free(copy);
}
