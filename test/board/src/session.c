// Command line, board set-up and the way out.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "session.h"

static const char usage[] =
    "usage: iap-board --part NAME [options]\n"
    "  --flash FILE         flash contents; loaded if it exists, saved on exit\n"
    "  --load FILE@0xADDR   put a raw binary into flash first (repeatable)\n"
    "  --fast | --realtime  virtual time: as fast as the line allows (default), or wall time\n"
    "  --control SOCKET     accept control commands on this unix socket\n"
    "  --clock FILE         keep there how far the board has come in wall time\n"
    "  --port PATH          use an existing serial device instead of a new pty\n"
    "  --pipe               commands on stdin, answers on stdout, no wall clock\n"
    "  --json               report the pty as a JSON object\n"
    "  --seed N             seed of all chance (default 1)\n"
    "  --uart N             the UART on the connector: 1 (default), 2, 3\n"
    "  --button PIN:high|low  the button and its active level (default PA0:high), or none\n"
    "  --flash-typical      20 ms erase, 52.5 us half-word (F0, F3: 53.5 us)\n"
    "  --ram-parity         SRAM parity is checked (F0, F3): NMI at a byte never written\n"
    "  --no-stall           the CPU runs on while the flash is busy\n"
    "  --hse HZ             a crystal (default: none)   --lsi HZ (default 40000)\n"
    "  --hsi HZ             the internal oscillator's true rate (default 8000000)\n"
    "  --uid HEX            96-bit unique id, 24 digits\n"
    "  --app-base 0xADDR    where applications begin (default 0x08008000)\n"
    "  --stack BYTES        reserved for the bootloader's stack (default: it is not watched)\n"
    "  --clone              FLASH_CR.LOCK reads 0 though locked, EOP never comes,\n"
    "                       the CRC unit has another polynomial\n"
    "  --lenient            the bootloader's mistakes are counted, not fatal\n"
    "  --boot0              BOOT0 is high: starts in the ROM bootloader (AN3155)\n"
    "  --latency MS         the adapter's latency timer towards the host (default 0)\n"
    "  --power off          start without power\n";

static void on_event(void *user, const struct board_event *e) {
    struct session *s = user;
    if (e->kind == BOARD_EVENT_ERROR) {
        s->had_error = true;
    }
    if (e->kind == BOARD_EVENT_LOCKUP) {
        fprintf(stderr, "iap-board: lockup: %s (pc 0x%08X)\n", e->text, e->value);
    }
    if (!s->pipe) {
        return;
    }
    // Rate changes come in clusters while clocks and BRR are set up: the last one counts.
    struct session_event *last = s->event_count ? &s->event[s->event_count - 1] : NULL;
    if (e->kind == BOARD_EVENT_BAUD) {
        if (!e->value) {
            return;
        }
        if (last && last->kind == BOARD_EVENT_BAUD) {
            s->event_count--;
        }
    }
    if (s->event_count == SESSION_EVENTS) {
        s->events_lost++;
        return;
    }
    struct session_event *n = &s->event[s->event_count++];
    *n = (struct session_event){.kind = e->kind, .time_ps = e->time_ps, .value = e->value};
    snprintf(n->text, sizeof n->text, "%s", e->text);
}

static void on_log(void *user, const char *line) {
    (void)user;
    fprintf(stderr, "iap-board: %s\n", line);
}

static bool bad(const char *what, const char *value) {
    fprintf(stderr, "iap-board: %s: '%s'\n", what, value);
    return false;
}

static bool unknown_part(const char *name) {
    fprintf(stderr, "iap-board: unknown part '%s'; there are:", name);
    for (size_t i = 0; board_part_at(i); i++) {
        fprintf(stderr, " %s", board_part_at(i)->name);
    }
    fputc('\n', stderr);
    return false;
}

static bool parse_button(struct session *s, const char *v) {
    char pin[8];
    const char *colon = strchr(v, ':');
    if (!strcmp(v, "none")) {
        s->button_port = -1;
        return true;
    }
    if (!colon || (size_t)(colon - v) >= sizeof pin) {
        return false;
    }
    memcpy(pin, v, (size_t)(colon - v));
    pin[colon - v] = 0;
    s->button_high = !strcmp(colon + 1, "high");
    return board_pin_parse(pin, &s->button_port, &s->button_bit) &&
           (s->button_high || !strcmp(colon + 1, "low"));
}

static bool parse_u32(const char *v, uint32_t *out, uint64_t lo, uint64_t hi) {
    uint64_t n;
    if (!parse_u64(v, &n) || n < lo || n > hi) {
        return false;
    }
    *out = (uint32_t)n;
    return true;
}

#define MAX_LOADS 16

struct options {
    const char *load[MAX_LOADS];
    int loads;
    bool off;
};

// Options without a value; false: not one of them.
static bool flag_option(struct session *s, const char *a) {
    struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--realtime", &s->realtime},
                 {"--json", &s->json_output},
                 {"--pipe", &s->pipe},
                 {"--no-stall", &s->config.no_stall},
                 {"--flash-typical", &s->config.typical_flash},
                 {"--ram-parity", &s->config.ram_parity},
                 {"--clone", &s->config.clone},
                 {"--lenient", &s->config.lenient},
                 {"--boot0", &s->config.boot0}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (!strcmp(a, flags[i].name)) {
            *flags[i].flag = true;
            return true;
        }
    }
    if (!strcmp(a, "--fast")) {
        s->realtime = false;
        return true;
    }
    return false;
}

static bool value_option(struct session *s, struct options *o, const char *a, const char *v) {
    struct board_config *c = &s->config;
    uint32_t n = 0;
    size_t len;
    if (!strcmp(a, "--part")) {
        c->part = board_find_part(v);
        return c->part || unknown_part(v);
    }
    if (!strcmp(a, "--load") && o->loads < MAX_LOADS) {
        o->load[o->loads++] = v;
        return strrchr(v, '@') || bad("--load: expected FILE@0xADDR", v);
    }
    if (!strcmp(a, "--flash")) {
        s->flash_path = v;
    } else if (!strcmp(a, "--control")) {
        s->control_path = v;
    } else if (!strcmp(a, "--clock")) {
        s->clock_path = v;
    } else if (!strcmp(a, "--port")) {
        s->port_path = v;
    } else if (!strcmp(a, "--seed")) {
        return parse_u64(v, &c->seed) || bad("--seed: not a number", v);
    } else if (!strcmp(a, "--uart")) {
        c->uart = v[0] - '0';
        return (c->uart >= 1 && c->uart <= BOARD_UARTS && !v[1]) || bad("--uart: 1 to 3", v);
    } else if (!strcmp(a, "--button")) {
        return parse_button(s, v) || bad("--button: expected PIN:high, PIN:low or none", v);
    } else if (!strcmp(a, "--hse")) {
        return parse_u32(v, &c->hse_hz, 4000000, 25000000) || bad("--hse: 4 to 25 MHz in Hz", v);
    } else if (!strcmp(a, "--lsi")) {
        return parse_u32(v, &c->lsi_hz, 30000, 60000) || bad("--lsi: 30000 to 60000", v);
    } else if (!strcmp(a, "--hsi")) {
        return parse_u32(v, &c->hsi_hz, 7600000, 8400000) || bad("--hsi: 7600000 to 8400000", v);
    } else if (!strcmp(a, "--app-base")) {
        return parse_u32(v, &c->app_base, 0x08000000, 0x081FFFFF) || bad("--app-base", v);
    } else if (!strcmp(a, "--stack")) {
        return parse_u32(v, &c->stack_bytes, 8, 65536) || bad("--stack: 8 to 65536 bytes", v);
    } else if (!strcmp(a, "--uid")) {
        c->have_uid = parse_hex(v, c->uid, sizeof c->uid, &len) && len == sizeof c->uid;
        return c->have_uid || bad("--uid: expected 24 hex digits", v);
    } else if (!strcmp(a, "--latency")) {
        return parse_u32(v, &s->latency_ms, 0, 1000) || bad("--latency: 0 to 1000 ms", v);
    } else if (!strcmp(a, "--power")) {
        o->off = !strcmp(v, "off");
        return o->off || !strcmp(v, "on") || bad("--power: on or off", v);
    } else {
        return bad("unknown option", a);
    }
    (void)n;
    return true;
}

static bool parse(struct session *s, struct options *o, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) {
            fputs(usage, stdout);
            exit(0);
        }
        if (flag_option(s, argv[i])) {
            continue;
        }
        if (i + 1 >= argc) {
            return bad(strncmp(argv[i], "--", 2) ? "unexpected argument"
                                                 : "needs a value or is unknown",
                       argv[i]);
        }
        if (!value_option(s, o, argv[i], argv[i + 1])) {
            return false;
        }
        i++;
    }
    if (!s->config.part) {
        fputs(usage, stderr);
        return false;
    }
    if (s->config.ram_parity && !board_has_ram_parity(s->config.part)) {
        return bad("--ram-parity: this part has none", s->config.part->name);
    }
    if (s->pipe && (s->port_path || s->control_path || s->realtime)) {
        return bad("--pipe goes with none of", "--port --control --realtime");
    }
    return true;
}

static bool load_all(struct session *s, const struct options *o) {
    char err[512];
    if (s->flash_path && !board_flash_load(s->board, s->flash_path, err, sizeof err)) {
        return bad("cannot load flash", err);
    }
    for (int i = 0; i < o->loads; i++) {
        char *path = strdup(o->load[i]);
        char *at = strrchr(path, '@');
        uint32_t addr;
        *at = 0;
        bool ok = parse_u32(at + 1, &addr, 0, UINT32_MAX);
        if (!ok) {
            bad("--load: not an address", at + 1);
        } else if (!board_flash_overlay(s->board, path, addr, err, sizeof err)) {
            ok = bad("cannot load", err);
        }
        free(path);
        if (!ok) {
            return false;
        }
    }
    return true;
}

bool session_open(struct session *s, int argc, char **argv, int *exit_code) {
    struct options o = {0};
    *s = (struct session){.button_port = 0, .button_bit = 0, .button_high = true};
    s->config.seed = 1;
    *exit_code = 2;
    if (!parse(s, &o, argc, argv)) {
        return false;
    }
    s->config.user = s;
    s->config.on_event = on_event;
    s->config.on_log = on_log;
    s->board = board_create(&s->config);
    if (!s->board) {
        *exit_code = 1;
        return bad("cannot create the board (memory, or libunicorn refused)", s->config.part->name);
    }
    if (!load_all(s, &o)) {
        board_destroy(s->board);
        return false;
    }
    if (s->button_port >= 0) {
        board_pin_drive(s->board, s->button_port, s->button_bit, !s->button_high);
    }
    if (!o.off) {
        board_power_on(s->board);
    }
    return true;
}

int session_close(struct session *s) {
    char err[512];
    int code = s->had_error ? 3 : 0;
    if (s->flash_path) {
        // An operation under way when the program ends is torn, as by any loss of power.
        board_power_off(s->board);
        if (!board_flash_save(s->board, s->flash_path, err, sizeof err)) {
            fprintf(stderr, "iap-board: cannot save flash: %s\n", err);
            code = code ? code : 1;
        }
    }
    board_destroy(s->board);
    return code;
}
