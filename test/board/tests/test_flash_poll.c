// Polls of the flash that are left out change nothing: what the loop counted, how long it took, and
// all that the board has counted.
#include "check.h"
#include "fixture.h"

#define ALIKE      "abcdefgh"
#define MORE       "ABCDEF" // loops that do more than wait
#define LEAST_LEFT 1000u    // instructions, of any loop of the first kind

static struct fixture f;
static const char *part, *firmware;

struct seen {
    char answer[64];
    uint64_t time_ps;
    struct board_counters counters;
};

// What arrives on the line meanwhile is a device's business, on time.
static struct seen erase_and_wait(char loop, bool every_poll) {
    struct board_config c = fixture_config(&f);
    c.part = board_find_part(part);
    c.every_poll = every_poll;
    fixture_start(&f, firmware, &c);
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "polls\n"));
    char bytes[] = {loop, '?', '?', '?', 0};
    struct seen s = {.time_ps = 0};
    snprintf(s.answer, sizeof s.answer, "%s", fixture_ask(&f, bytes, 200));
    s.time_ps = board_time_ps(f.board);
    s.counters = *board_counters(f.board);
    fixture_stop(&f);
    return s;
}

static void check_loop(char loop, bool leaves_out) {
    struct seen all = erase_and_wait(loop, true), less = erase_and_wait(loop, false);
    if (strcmp(all.answer, less.answer)) {
        printf("%s '%c': '%s' instead of '%s'\n", part, loop, less.answer, all.answer);
        check_failures++;
    }
    CHECK_EQ(less.time_ps, all.time_ps);
    CHECK_EQ(all.counters.left_out, 0);
    if ((less.counters.left_out >= LEAST_LEFT) != leaves_out) {
        printf("%s '%c': left out %llu\n", part, loop, (unsigned long long)less.counters.left_out);
        check_failures++;
    }
    less.counters.left_out = 0;
    CHECK(memcmp(&less.counters, &all.counters, sizeof all.counters) == 0);
}

static void test_loops(const char *on_part, const char *with) {
    part = on_part;
    firmware = with;
    for (const char *loop = ALIKE; *loop; loop++) {
        check_loop(*loop, true);
    }
    for (const char *loop = MORE; *loop; loop++) {
        check_loop(*loop, false);
    }
}

int main(void) {
    test_loops("stm32f103xe", "polls");
    test_loops("stm32f091xc", "polls-f0");
    test_loops("stm32f303xc", "polls-f3");
    return check_failures != 0;
}
