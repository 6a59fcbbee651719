// A function that is computed once: nothing shows that it was not computed again.
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "fixture.h"

static struct fixture f;
static struct board_memo *memo;
static uint64_t cut_at_ps;

static void on_event(void *user, const struct board_event *event) {
    (void)user;
    if (event->kind == BOARD_EVENT_CUT) {
        cut_at_ps = event->time_ps;
    }
}

static void start(void) {
    struct board_config c = fixture_config(&f);
    c.memo = memo;
    c.on_event = on_event;
    fixture_start(&f, "memo", &c);
    fixture_run_ms(&f, 5);
    CHECK(fixture_heard(&f, "memo\n"));
}

static uint32_t address(void) {
    start();
    uint32_t found = (uint32_t)strtoul(fixture_ask(&f, "a", 20), NULL, 16);
    fixture_stop(&f);
    return found & ~1u;
}

static void open_memo(uint32_t check_every) {
    memo = NULL;
    struct board_function function = {address(), {64, 64, 32}};
    memo = board_memo_create(&function, check_every);
}

static void close_memo(void) {
    board_memo_free(memo);
    memo = NULL;
}

static void check_counts(unsigned computed, unsigned left_out, unsigned checked) {
    struct board_memo_counts counts = board_memo_counts(memo);
    CHECK_EQ(counts.computed, computed);
    CHECK_EQ(counts.left_out, left_out);
    CHECK_EQ(counts.checked, checked);
}

// What is seen of a board. It says how many cycles each call took.
struct story {
    char said[1024];
    uint64_t cycles, watchdogs;
    enum board_state state;
};

static struct story tell(const char *commands) {
    struct story story = {0};
    start();
    for (const char *c = commands; *c; c++) {
        const char command[] = {*c, 0};
        strcat(story.said, fixture_ask(&f, command, 50));
    }
    story.cycles = board_cycles(f.board);
    story.watchdogs = board_counters(f.board)->resets[BOARD_RESET_IWDG];
    story.state = board_get_state(f.board);
    fixture_stop(&f);
    return story;
}

// A run ends behind an instruction, or between two cycles while only time passes.
static bool nearly(uint64_t a, uint64_t b) {
    return llabs((long long)(a - b)) < 100;
}

static void check_same(const struct story *a, const struct story *b) {
    CHECK(strcmp(a->said, b->said) == 0);
    CHECK(nearly(a->cycles, b->cycles));
    CHECK_EQ(a->watchdogs, b->watchdogs);
    CHECK_EQ(a->state, b->state);
}

static void test_same_to_the_cycle(void) {
    static const char commands[] = "mmmvmmam";
    struct story real = tell(commands);
    open_memo(0);
    struct story first = tell(commands);
    check_same(&first, &real);
    check_counts(2, 4, 0);
    struct story second = tell(commands); // another board
    check_same(&second, &real);
    check_counts(2, 10, 0);
    close_memo();
}

static void test_a_watchdog_bites_in_time(void) {
    struct story real = tell("mdm");
    CHECK(real.watchdogs > 0);
    open_memo(0);
    tell("m");
    struct story known = tell("mdm");
    check_same(&known, &real);
    close_memo();
}

static uint64_t power_off_at(void) {
    start();
    board_cut_after_cycles(f.board, 200000);
    fixture_send(&f, "m");
    fixture_run_ms(&f, 20);
    CHECK_EQ(board_get_state(f.board), BOARD_OFF);
    board_power_on(f.board); // nothing of the call is left
    fixture_run_ms(&f, 5);
    CHECK(strlen(fixture_ask(&f, "m", 50)) > 10);
    fixture_stop(&f);
    return cut_at_ps;
}

static void test_power_goes_meanwhile(void) {
    uint64_t real = power_off_at();
    open_memo(0);
    tell("m");
    CHECK(llabs((long long)(power_off_at() - real)) < (long long)BOARD_PS_PER_US);
    check_counts(1, 2, 0);
    close_memo();
}

static void test_a_process_tells_the_others(void) {
    open_memo(0);
    pid_t child = fork();
    if (child == 0) {
        tell("m");
        _exit(0);
    }
    waitpid(child, NULL, 0);
    check_counts(1, 0, 0);
    tell("m");
    check_counts(1, 1, 0);
    close_memo();
}

static void test_a_lie_is_found(void) {
    open_memo(2);
    struct story honest = tell("mmm");
    CHECK_EQ(honest.state, BOARD_RUNNING);
    check_counts(1, 1, 1);
    tell("gm"); // left out: not seen yet
    check_counts(1, 2, 1);
    start();
    fixture_ask(&f, "g", 10);
    fixture_ask(&f, "m", 20);
    CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
    CHECK(strstr(board_error_text(f.board), "another outcome") != NULL);
    fixture_stop(&f);
    close_memo();
}

static void test_a_side_effect_is_found(void) {
    open_memo(0);
    start();
    fixture_ask(&f, "w", 10);
    fixture_ask(&f, "m", 20);
    CHECK_EQ(board_get_state(f.board), BOARD_ERROR);
    CHECK(strstr(board_error_text(f.board), "more than its outcome") != NULL);
    fixture_stop(&f);
    close_memo();
}

int main(void) {
    test_same_to_the_cycle();
    test_a_watchdog_bites_in_time();
    test_power_goes_meanwhile();
    test_a_process_tells_the_others();
    test_a_lie_is_found();
    test_a_side_effect_is_found();
    return check_failures != 0;
}
