#include "lag.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MUCH_LAG_NS  (100 * NS_PER_MS) // a host notices
#define SAY_AGAIN_NS (10000 * NS_PER_MS)

struct lag_clock *lag_clock_open(const char *path, uint64_t wall_ns) {
    static struct lag_clock nobody_reads;
    if (!path) {
        return &nobody_reads;
    }
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct lag_clock *clock = MAP_FAILED;
    if (fd >= 0 && ftruncate(fd, sizeof *clock) == 0) {
        clock = mmap(NULL, sizeof *clock, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (clock == MAP_FAILED) {
        return NULL;
    }
    clock->reached_ns = wall_ns;
    return clock;
}

void lag_clock_close(struct lag_clock *clock) {
    clock->reached_ns = UINT64_MAX;
}

void lag_publish(struct lag_clock *clock, const struct pace *pace) {
    clock->lost_ns = pace->lost_ns; // before the other: their difference never leaps ahead
    clock->reached_ns = pace->reached_ns;
}

void lag_say(struct session *s, uint64_t wall_ns) {
    const struct pace *p = &s->pace;
    if (wall_ns < s->say_lag_ns || (p->lag_ns < MUCH_LAG_NS && p->lost_ns == s->said_lost_ns)) {
        return;
    }
    s->say_lag_ns = wall_ns + SAY_AGAIN_NS;
    s->said_lost_ns = p->lost_ns;
    if (s->json_output) {
        struct json j = {0};
        json_begin(&j);
        json_open(&j, NULL, '{');
        json_str(&j, "event", "lag");
        control_lag(s, &j);
        json_close(&j, '}');
        printf("%s\n", j.text);
        json_free(&j);
        fflush(stdout);
        return;
    }
    fprintf(stderr,
            "iap-board: up to %llu ms behind wall time, %llu ms given up: this computer is too "
            "busy, and the device looks slow\n",
            (unsigned long long)(p->max_lag_ns / NS_PER_MS),
            (unsigned long long)(p->lost_ns / NS_PER_MS));
}
