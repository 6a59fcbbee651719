// The board on a pty (or a serial device), paced by the wall clock.
//
// --realtime: virtual time follows wall time. --fast: it runs flat out while there is something
// to do on the line or in the flash, and no faster than wall time when idle, so that the
// firmware's time-outs do not run out while the host thinks.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "lag.h"
#include "port.h"
#include "server.h"

#define PS_PER_NS  1000ull
#define READ_BYTES 4096u

static uint64_t wall_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static uint64_t virt_ns(const struct session *s) {
    return session_time_ps(s) / PS_PER_NS;
}

static bool is_idle(const struct session *s) {
    return !session_busy(s) && virt_ns(s) >= s->pace.busy_until_ns;
}

// Runs as far as the mode allows now; how long to wait for the outside before the next call.
static uint64_t advance(struct session *s) {
    uint64_t lost = 0;
    bool idle = is_idle(s);
    uint64_t run = pace_run(&s->pace, wall_ns(), virt_ns(s), session_busy(s), &lost);
    if (lost) { // what waits for a time that was written off waits no longer
        board_uart_hurry(session_line(s), lost * PS_PER_NS);
    }
    if (idle) {
        session_run_idle_ps(s, run * PS_PER_NS);
    } else {
        session_run_ps(s, run * PS_PER_NS);
    }
    return pace_wait(&s->pace, wall_ns(), virt_ns(s), session_busy(s));
}

static void follow_rates(struct session *s, struct port *port, uint32_t *device_rate) {
    if (port->is_pty) {
        uint32_t host = port_host_rate(port);
        if (host >= 50) { // 0 is B0: the host hung up
            board_line_set_rate(session_line(s), host);
        }
        return;
    }
    uint32_t baud = board_uart_baud(session_line(s));
    if (baud && baud != *device_rate) {
        uint32_t actual = 0;
        bool ok = port_set_rate(port, baud, &actual);
        fprintf(stderr, "iap-board: %s set to %u Bd%s\n", port->name, actual,
                ok ? "" : ", which is not the rate the firmware set");
        *device_rate = baud;
    }
}

// What an adapter has taken from the line and not handed to its host yet.
struct adapter {
    uint8_t data[4096];
    size_t n;
    uint64_t timer_ns; // wall time at which the latency timer began anew
};

#define ADAPTER_PACKET 62u // an FTDI adapter's: data in a full-speed USB packet

static uint64_t latency_ns(const struct session *s) {
    return s->latency_ms * 1000 * NS_PER_US;
}

// How much goes to the host now: full packets at once, the rest when the latency timer runs out. It
// begins anew with each packet, and whenever it has run out, data or none (FTDI AN232B-04, Small
// Amounts of Data): a byte waits for the rest of a period, not for a whole one.
static size_t due_out(const struct session *s, struct adapter *a) {
    uint64_t period = latency_ns(s);
    uint64_t passed = wall_ns() - a->timer_ns;
    if (passed >= period) {
        a->timer_ns += period ? passed - passed % period : passed;
        return a->n;
    }
    size_t packets = a->n - a->n % ADAPTER_PACKET;
    a->timer_ns += packets ? passed : 0;
    return packets;
}

// Until the latency timer runs out, if a byte waits for that
static uint64_t until_due(const struct session *s, const struct adapter *a, uint64_t wait) {
    uint64_t passed = wall_ns() - a->timer_ns;
    uint64_t left = passed < latency_ns(s) ? latency_ns(s) - passed : 0;
    return a->n && left < wait ? left : wait;
}

static bool bytes_out(struct session *s, struct port *port, struct adapter *a) {
    size_t more;
    do {
        more = board_uart_pull(session_line(s), a->data + a->n, sizeof a->data - a->n);
        a->n += more;
        size_t due = due_out(s, a);
        long taken = due ? port_write(port, a->data, due) : 0;
        if (taken < 0) {
            return false;
        }
        s->tx_dropped += due - (size_t)taken;
        a->n -= due;
        memmove(a->data, a->data + due, a->n);
    } while (more);
    return true;
}

// How much may be taken from the host now
static size_t room_in(const struct session *s) {
    // Virtual time that has fallen behind must not make a host look as if it called before the ROM
    // bootloader listens.
    if (!s->realtime && board_rom_is_starting(session_line(s))) {
        return 0;
    }
    size_t room = pace_room(&s->pace, board_line_rate(session_line(s)));
    size_t waiting = board_uart_waiting(session_line(s));
    return waiting < room ? room - waiting : 0;
}

// A byte is not on the line before the virtual time that belongs to its arrival: otherwise, behind
// wall time, catching up would make the device look faster than it is.
static bool bytes_in(struct session *s, struct port *port) {
    uint8_t data[READ_BYTES];
    size_t room = room_in(s);
    long n = room ? port_read(port, data, room < sizeof data ? room : sizeof data) : 0;
    if (n > 0) {
        uint64_t due = s->realtime ? pace_target(&s->pace, wall_ns()) : 0;
        board_uart_push_at(session_line(s), data, (size_t)n, due * PS_PER_NS);
    }
    return n >= 0;
}

static void announce(const struct session *s, const struct port *port) {
    if (s->json_output) {
        struct json j = {0};
        json_begin(&j);
        json_open(&j, NULL, '{');
        json_str(&j, "event", "board");
        json_str(&j, "port", port->name);
        json_str(&j, "part", s->unit[0].config.part->name);
        json_str(&j, "control", s->control_path);
        json_close(&j, '}');
        printf("%s\n", j.text);
        json_free(&j);
    } else {
        printf("%s\n", port->name);
    }
    fflush(stdout);
}

static int loop(struct session *s, struct port *port, struct server *server, int signals,
                struct lag_clock *clock) {
    struct adapter adapter = {.timer_ns = wall_ns()};
    uint32_t device_rate = 0;
    while (!s->quit) {
        uint64_t wait = advance(s);
        lag_publish(clock, &s->pace);
        lag_say(s, wall_ns());
        port_update_listeners(port);
        follow_rates(s, port, &device_rate);
        if (!bytes_out(s, port, &adapter)) {
            fprintf(stderr, "iap-board: %s is gone\n", port->name);
            return 4;
        }
        struct pollfd fds[4 + SERVER_CLIENTS];
        fds[0] = (struct pollfd){.fd = signals, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = port->fd, .events = room_in(s) ? POLLIN : 0};
        nfds_t n = 2 + server_poll(server, fds + 2);
        struct timespec t = {.tv_nsec = (long)until_due(s, &adapter, wait)};
        if (ppoll(fds, n, &t, NULL) <= 0) {
            continue;
        }
        if (fds[0].revents) {
            return 0;
        }
        port_update_listeners(port);
        follow_rates(s, port, &device_rate); // the host sets its rate before it writes
        if ((fds[1].revents & (POLLIN | POLLHUP | POLLERR)) && !bytes_in(s, port)) {
            fprintf(stderr, "iap-board: %s is gone\n", port->name);
            return 4;
        }
        server_serve(server, s);
    }
    return 0;
}

int run_live(struct session *s) {
    struct port port;
    static const struct server no_server;
    struct server server = no_server;
    s->mode = s->realtime ? "realtime" : "fast";
    signal(SIGPIPE, SIG_IGN);
    if (s->port_path ? !port_open_device(&port, s->port_path) : !port_open_pty(&port)) {
        fprintf(stderr, "iap-board: cannot open %s: %s\n", s->port_path ? s->port_path : "a pty",
                strerror(errno));
        return 4;
    }
    struct lag_clock *clock = lag_clock_open(s->clock_path, wall_ns());
    if (!clock) {
        fprintf(stderr, "iap-board: cannot write %s: %s\n", s->clock_path, strerror(errno));
        port_close(&port);
        return 4;
    }
    if (!server_open(&server, s->control_path)) {
        fprintf(stderr, "iap-board: cannot listen on %s: %s\n", s->control_path, strerror(errno));
        port_close(&port);
        return 4;
    }
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    pace_start(&s->pace, s->realtime, wall_ns(), virt_ns(s));
    announce(s, &port);
    int code = loop(s, &port, &server, signals, clock);
    lag_clock_close(clock);
    close(signals);
    server_close(&server);
    port_close(&port);
    return code;
}
