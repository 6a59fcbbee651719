// Pacing without a clock: what the pace says for boards that keep up, lag and stall.
#include "check.h"
#include "pace.h"

#define RATE    115200u
#define BYTE_NS (10 * 1000000000ull / RATE)

// A board that gets `percent` of a computer in turns of `turn_ms`, and a host that always has
// bytes: how many the device has had after 2 s.
static uint64_t taken(unsigned percent, unsigned turn_ms, uint64_t *virt_ns) {
    struct pace p;
    uint64_t wall = 1, virt = 7, waiting_due[65536], bytes = 0, free_ns = 0, lost = 0;
    size_t head = 0, waiting = 0;
    pace_start(&p, true, wall, virt);
    while (wall < 2000 * NS_PER_MS) {
        uint64_t run = pace_run(&p, wall, virt, waiting > 0, &lost);
        for (size_t i = 0; lost && i < waiting; i++) {
            uint64_t *due = &waiting_due[(head + i) % 65536];
            *due -= lost < *due ? lost : *due;
        }
        virt += run;
        wall += run / 4 + 10 * NS_PER_US; // four times as fast as real, when it runs
        if (wall / NS_PER_MS % turn_ms >= turn_ms * percent / 100) {
            wall += turn_ms * NS_PER_MS * (100 - percent) / 100;
        }
        while (waiting && waiting_due[head] <= virt && free_ns <= virt) {
            uint64_t from = waiting_due[head] > free_ns ? waiting_due[head] : free_ns;
            free_ns = from + BYTE_NS;
            head = (head + 1) % 65536;
            waiting--;
            bytes++;
        }
        wall += pace_wait(&p, wall, virt, waiting > 0);
        for (size_t room = pace_room(&p, RATE); waiting < room; waiting++) {
            waiting_due[(head + waiting) % 65536] = pace_target(&p, wall);
        }
    }
    *virt_ns = virt;
    return bytes;
}

static void test_a_lagging_line_carries_its_rate(void) {
    static const unsigned turns[] = {1, 10, 50, 100, 200, 400};
    for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
        for (unsigned percent = 40; percent <= 100; percent += 20) {
            uint64_t virt, bytes = taken(percent, turns[i], &virt);
            if (bytes * BYTE_NS < virt * 85 / 100 || bytes * BYTE_NS > virt + 2 * NS_PER_MS) {
                printf("%u %% in turns of %u ms: %llu bytes in %llu ms\n", percent, turns[i],
                       (unsigned long long)bytes, (unsigned long long)(virt / NS_PER_MS));
                check_failures++;
            }
        }
    }
}

static void test_lag_is_told(bool realtime) {
    struct pace p;
    uint64_t lost;
    pace_start(&p, realtime, 0, 0);
    // Idle for 100 ms of wall time, of which it ran 30.
    pace_run(&p, 100 * NS_PER_MS, 0, false, &lost);
    CHECK_EQ(pace_wait(&p, 100 * NS_PER_MS, 30 * NS_PER_MS, false), 0);
    CHECK_EQ(p.lag_ns, 70 * NS_PER_MS);
    CHECK_EQ(lost, 0);
    // Busy: slower than wall time is behind it too.
    pace_run(&p, 110 * NS_PER_MS, 30 * NS_PER_MS, true, &lost);
    pace_wait(&p, 200 * NS_PER_MS, 31 * NS_PER_MS, true);
    CHECK_EQ(p.lag_ns, 169 * NS_PER_MS);
    // Too far: given up, and said so.
    pace_run(&p, 400 * NS_PER_MS, 31 * NS_PER_MS, false, &lost);
    CHECK_EQ(lost, 369 * NS_PER_MS);
    CHECK_EQ(p.lost_ns, 369 * NS_PER_MS);
    CHECK_EQ(p.max_lag_ns, 369 * NS_PER_MS);
    pace_wait(&p, 400 * NS_PER_MS, 32 * NS_PER_MS, false);
    CHECK_EQ(p.lag_ns, 0);
}

// Fast and ahead, it waits when idle, and is not behind afterwards.
static void test_ahead_is_no_debt(void) {
    struct pace p;
    uint64_t lost;
    pace_start(&p, false, 0, 0);
    CHECK(pace_run(&p, 0, 0, true, &lost) > 0);
    CHECK_EQ(pace_wait(&p, 0, 500 * NS_PER_US, true), 0);
    CHECK_EQ(pace_wait(&p, 0, 1000 * NS_PER_US, false), 0); // the tail
    CHECK(pace_wait(&p, 2 * NS_PER_MS, 503 * NS_PER_MS, false) > 0);
    CHECK_EQ(pace_run(&p, 3 * NS_PER_MS, 503 * NS_PER_MS, false, &lost), NS_PER_MS);
    CHECK_EQ(p.lag_ns, 0);
    CHECK_EQ(p.max_lag_ns, 0);
}

int main(void) {
    test_a_lagging_line_carries_its_rate();
    test_lag_is_told(true);
    test_lag_is_told(false);
    test_ahead_is_no_debt();
    return check_failures != 0;
}
