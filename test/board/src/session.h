// What all front ends share: options, the control commands, files on exit. One session drives
// one board, or all boards of a half-duplex pair.
#ifndef BOARD_SESSION_H
#define BOARD_SESSION_H

#include <stdio.h>

#include "board.h"
#include "pace.h"

struct json {
    char *text;
    size_t len, room;
    bool comma;
};

void json_begin(struct json *j); // empties it
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_str(struct json *j, const char *key, const char *value); // NULL: null
void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);
void json_bool(struct json *j, const char *key, bool value);
void json_fixed(struct json *j, const char *key, uint64_t thousandths); // n.nnn
void json_hex(struct json *j, const char *key, const uint8_t *data, size_t n);
void json_free(struct json *j);

#define SESSION_EVENTS 64

struct session_event {
    enum board_event_kind kind;
    unsigned unit;
    uint64_t time_ps;
    uint32_t value;
    char text[160];
};

#define UNIT_LOADS 16

// One board and what belongs to it alone.
struct unit {
    struct session *session;
    unsigned number; // from 1
    struct board *board;
    struct board_config config;
    const char *flash_path;
    const char *load[UNIT_LOADS];
    int loads;
    int button_port, button_bit; // -1: none
    bool button_high;            // the level when pressed
    struct board_enable de;      // port -1: the line is no pair
    bool off;                    // at the start
};

struct session {
    struct unit unit[BOARD_PAIR_BOARDS];
    unsigned units;
    struct unit *at; // the one that options and commands are about
    struct board_pair *pair;
    const char *control_path, *port_path, *clock_path;
    bool realtime, json_output, pipe, echo;
    uint32_t latency_ms; // of the adapter, towards the host; pty only
    uint32_t hold_us;    // how long it drives a pair after its last bit
    bool quit, had_error;

    // Kept by the pty front end.
    struct pace pace;
    uint64_t tx_dropped;
    uint64_t say_lag_ns, said_lost_ns; // wall time at which a lag may be told again; what was told
    const char *mode;

    // Events since the last answer, for --pipe.
    struct session_event event[SESSION_EVENTS];
    size_t event_count, events_lost;
};

// Parses the command line and makes the board, powered off. False: message printed, exit 2.
bool session_open(struct session *s, int argc, char **argv, int *exit_code);
// Saves and frees; the process's exit code.
int session_close(struct session *s);

// The board at the host's end of the line
static inline struct board *session_line(const struct session *s) {
    return s->unit[0].board;
}
void session_run_ps(struct session *s, uint64_t ps);
void session_run_idle_ps(struct session *s, uint64_t ps);
void session_run_until_tx(struct session *s, uint64_t ps);
uint64_t session_time_ps(const struct session *s);
bool session_busy(const struct session *s);

// Takes "@2 " off the front of a command, and turns to that board; without it to the first. False:
// there is no such board.
bool session_turn(struct session *s, const char **line);

// Handles one command line (no newline) and leaves the answer object in `out`.
void control_command(struct session *s, const char *line, struct json *out);
void control_counters(struct session *s, struct json *out);
bool control_boot0(struct session *s, int argc, char **argv, struct json *out);
bool control_rom_nack(struct session *s, int argc, char **argv, struct json *out);
void control_lag(const struct session *s, struct json *out);
void control_error(struct json *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool parse_hex(const char *text, uint8_t *out, size_t room, size_t *n);
bool parse_u64(const char *text, uint64_t *v);

int run_pipe(struct session *s);
int run_live(struct session *s);

#endif
