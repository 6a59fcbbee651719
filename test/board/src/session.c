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
    "  --de PIN:high|low    the line is a half-duplex pair (RS-485), and this pin enables the "
    "driver\n"
    "  --next               options of another board on the same pair follow; it begins as the "
    "one\n"
    "                       before, with a blank flash, the next seed and another unique id\n"
    "  --hold US            how long the host's adapter drives the pair after its last bit\n"
    "  --echo               all hear what they send themselves\n"
    "  --power off          start without power\n";

static void on_event(void *user, const struct board_event *e) {
    const struct unit *unit = user;
    struct session *s = unit->session;
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
        if (last && last->kind == BOARD_EVENT_BAUD && last->unit == unit->number) {
            s->event_count--;
        }
    }
    if (s->event_count == SESSION_EVENTS) {
        s->events_lost++;
        return;
    }
    struct session_event *n = &s->event[s->event_count++];
    *n = (struct session_event){
        .kind = e->kind, .unit = unit->number, .time_ps = e->time_ps, .value = e->value};
    snprintf(n->text, sizeof n->text, "%s", e->text);
}

static void on_log(void *user, const char *line) {
    const struct unit *unit = user;
    if (unit->session->units > 1) {
        fprintf(stderr, "iap-board: board %u: %s\n", unit->number, line);
    } else {
        fprintf(stderr, "iap-board: %s\n", line);
    }
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

// PIN:high or PIN:low
static bool parse_pin(const char *v, int *port, int *bit, bool *high) {
    char pin[8];
    const char *colon = strchr(v, ':');
    if (!colon || (size_t)(colon - v) >= sizeof pin) {
        return false;
    }
    memcpy(pin, v, (size_t)(colon - v));
    pin[colon - v] = 0;
    *high = !strcmp(colon + 1, "high");
    return board_pin_parse(pin, port, bit) && (*high || !strcmp(colon + 1, "low"));
}

static bool parse_button(struct unit *u, const char *v) {
    if (!strcmp(v, "none")) {
        u->button_port = -1;
        return true;
    }
    return parse_pin(v, &u->button_port, &u->button_bit, &u->button_high);
}

static bool parse_u32(const char *v, uint32_t *out, uint64_t lo, uint64_t hi) {
    uint64_t n;
    if (!parse_u64(v, &n) || n < lo || n > hi) {
        return false;
    }
    *out = (uint32_t)n;
    return true;
}

// Another board of the pair: as the one before, but for its flash, id and seed.
static bool next_unit(struct session *s) {
    if (s->units == BOARD_PAIR_BOARDS) {
        return bad("--next: there are boards enough", "32");
    }
    struct unit *u = &s->unit[s->units++];
    *u = u[-1];
    u->number = s->units;
    u->flash_path = NULL;
    u->config.have_uid = false;
    u->config.seed++;
    s->at = u;
    return true;
}

// Options without a value; false: not one of them.
static bool flag_option(struct session *s, const char *a) {
    struct board_config *c = &s->at->config;
    struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--realtime", &s->realtime},
                 {"--json", &s->json_output},
                 {"--pipe", &s->pipe},
                 {"--echo", &s->echo},
                 {"--no-stall", &c->no_stall},
                 {"--flash-typical", &c->typical_flash},
                 {"--ram-parity", &c->ram_parity},
                 {"--clone", &c->clone},
                 {"--lenient", &c->lenient},
                 {"--boot0", &c->boot0}};
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

static bool value_option(struct session *s, const char *a, const char *v) {
    struct unit *u = s->at;
    struct board_config *c = &u->config;
    uint32_t n = 0;
    size_t len;
    if (!strcmp(a, "--part")) {
        c->part = board_find_part(v);
        return c->part || unknown_part(v);
    }
    if (!strcmp(a, "--load") && u->loads < UNIT_LOADS) {
        u->load[u->loads++] = v;
        return strrchr(v, '@') || bad("--load: expected FILE@0xADDR", v);
    }
    if (!strcmp(a, "--flash")) {
        u->flash_path = v;
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
        return parse_button(u, v) || bad("--button: expected PIN:high, PIN:low or none", v);
    } else if (!strcmp(a, "--de")) {
        return parse_pin(v, &u->de.port, &u->de.bit, &u->de.high) ||
               bad("--de: expected PIN:high or PIN:low", v);
    } else if (!strcmp(a, "--hold")) {
        return parse_u32(v, &s->hold_us, 0, 1000000) || bad("--hold: 0 to 1000000 us", v);
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
        u->off = !strcmp(v, "off");
        return u->off || !strcmp(v, "on") || bad("--power: on or off", v);
    } else {
        return bad("unknown option", a);
    }
    (void)n;
    return true;
}

static bool parse(struct session *s, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--help")) {
            fputs(usage, stdout);
            exit(0);
        }
        if (!strcmp(argv[i], "--next")) {
            if (!next_unit(s)) {
                return false;
            }
            continue;
        }
        if (flag_option(s, argv[i])) {
            continue;
        }
        if (i + 1 >= argc) {
            return bad(strncmp(argv[i], "--", 2) ? "unexpected argument"
                                                 : "needs a value or is unknown",
                       argv[i]);
        }
        if (!value_option(s, argv[i], argv[i + 1])) {
            return false;
        }
        i++;
    }
    return true;
}

static bool fits(const struct session *s) {
    for (unsigned i = 0; i < s->units; i++) {
        const struct unit *u = &s->unit[i];
        if (!u->config.part) {
            fputs(usage, stderr);
            return false;
        }
        if (u->config.ram_parity && !board_has_ram_parity(u->config.part)) {
            return bad("--ram-parity: this part has none", u->config.part->name);
        }
        if ((s->units > 1 || s->hold_us) && u->de.port < 0) {
            return bad("boards on one pair (--next, --hold) each need --de PIN:high or PIN:low",
                       u->config.part->name);
        }
        if (u->de.port >= 0 && s->unit[0].de.port < 0) {
            return bad("--de: not all boards are on the pair", u->config.part->name);
        }
    }
    if (s->pipe && (s->port_path || s->control_path || s->realtime)) {
        return bad("--pipe goes with none of", "--port --control --realtime");
    }
    return true;
}

static bool load_all(const struct unit *u) {
    char err[512];
    if (u->flash_path && !board_flash_load(u->board, u->flash_path, err, sizeof err)) {
        return bad("cannot load flash", err);
    }
    for (int i = 0; i < u->loads; i++) {
        char *path = strdup(u->load[i]);
        char *at = strrchr(path, '@');
        uint32_t addr;
        *at = 0;
        bool ok = parse_u32(at + 1, &addr, 0, UINT32_MAX);
        if (!ok) {
            bad("--load: not an address", at + 1);
        } else if (!board_flash_overlay(u->board, path, addr, err, sizeof err)) {
            ok = bad("cannot load", err);
        }
        free(path);
        if (!ok) {
            return false;
        }
    }
    return true;
}

static void destroy_all(struct session *s) {
    for (unsigned i = 0; i < s->units; i++) {
        board_destroy(s->unit[i].board);
    }
    board_pair_free(s->pair);
}

// Its board, powered off
static bool unit_open(struct session *s, struct unit *u, int *exit_code) {
    u->session = s;
    u->config.user = u;
    u->config.on_event = on_event;
    u->config.on_log = on_log;
    u->board = board_create(&u->config);
    if (!u->board || (s->pair && !board_pair_join(s->pair, u->board, &u->de))) {
        *exit_code = 1;
        return bad("cannot create the board (memory, or libunicorn refused)", u->config.part->name);
    }
    if (!load_all(u)) {
        return false;
    }
    if (u->button_port >= 0) {
        board_pin_drive(u->board, u->button_port, u->button_bit, !u->button_high);
    }
    return true;
}

bool session_open(struct session *s, int argc, char **argv, int *exit_code) {
    *s = (struct session){.units = 1, .at = s->unit};
    s->unit[0] =
        (struct unit){.number = 1, .button_high = true, .de = {.port = -1}, .config = {.seed = 1}};
    *exit_code = 2;
    if (!parse(s, argc, argv) || !fits(s)) {
        return false;
    }
    s->at = s->unit;
    if (s->at->de.port >= 0) {
        s->pair = board_pair_create();
        if (!s->pair) {
            abort();
        }
        board_pair_hold(s->pair, (uint64_t)s->hold_us * BOARD_PS_PER_US);
    }
    for (unsigned i = 0; i < s->units; i++) {
        if (!unit_open(s, &s->unit[i], exit_code)) {
            destroy_all(s);
            return false;
        }
    }
    board_echo(session_line(s), s->echo);
    for (unsigned i = 0; i < s->units; i++) {
        if (!s->unit[i].off) {
            board_power_on(s->unit[i].board);
        }
    }
    return true;
}

int session_close(struct session *s) {
    char err[512];
    int code = s->had_error ? 3 : 0;
    for (unsigned i = 0; i < s->units; i++) {
        const struct unit *u = &s->unit[i];
        if (!u->flash_path) {
            continue;
        }
        // An operation under way when the program ends is torn, as by any loss of power.
        board_power_off(u->board);
        if (!board_flash_save(u->board, u->flash_path, err, sizeof err)) {
            fprintf(stderr, "iap-board: cannot save flash: %s\n", err);
            code = code ? code : 1;
        }
    }
    destroy_all(s);
    return code;
}

void session_run_ps(struct session *s, uint64_t ps) {
    if (s->pair) {
        board_pair_run_ps(s->pair, ps);
    } else {
        board_run_ps(session_line(s), ps);
    }
}

void session_run_idle_ps(struct session *s, uint64_t ps) {
    if (s->pair) {
        board_pair_run_idle_ps(s->pair, ps);
    } else {
        board_run_idle_ps(session_line(s), ps);
    }
}

void session_run_until_tx(struct session *s, uint64_t ps) {
    if (s->pair) {
        board_pair_run_until_tx(s->pair, ps);
    } else {
        board_run_until_tx(session_line(s), ps);
    }
}

uint64_t session_time_ps(const struct session *s) {
    return s->pair ? board_pair_time_ps(s->pair) : board_time_ps(session_line(s));
}

bool session_busy(const struct session *s) {
    return s->pair ? board_pair_busy(s->pair) : board_busy(session_line(s));
}

bool session_turn(struct session *s, const char **line) {
    s->at = s->unit;
    if (**line != '@') {
        return true;
    }
    char *end;
    unsigned long number = strtoul(*line + 1, &end, 10);
    if (number < 1 || number > s->units) {
        return false;
    }
    s->at = &s->unit[number - 1];
    *line = end + strspn(end, " \t");
    return true;
}
