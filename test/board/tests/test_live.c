// The program: pty, pacing, control socket with hostile clients, pipe, exit codes.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "process.h"

#define LOAD(fw) "--load", FIRMWARE_DIR "/" fw ".bin@0x08000000"
#define PART     "--part", "stm32f103xe"

static struct process p;

static long long virtual_us(void) {
    return process_number(process_command(&p, "time"), "virtualTimeUs");
}

// Until so much of the board's time has passed, however busy the computer is.
static void pass_us(long long us) {
    double end = process_now() + 30;
    long long from = virtual_us();
    while (virtual_us() - from < us && process_now() < end) {
        usleep(1000);
    }
    CHECK(virtual_us() - from >= us);
}

static void start(const char *fw, const char *option) {
    char load[512];
    snprintf(load, sizeof load, "%s/%s.bin@0x08000000", FIRMWARE_DIR, fw);
    const char *const args[] = {PART, "--load", load, "--json", option, NULL};
    process_start(&p, true, args);
    CHECK(p.control >= 0);
    pass_us(20000);
}

static bool ok(const char *answer) {
    return !strncmp(answer, "{\"ok\":true", 10);
}

static void stop(int want) {
    CHECK(ok(process_command(&p, "quit")));
    CHECK_EQ(process_wait(&p), want);
}

// How many of n bytes 'a' come back as 'b' in 50 ms of the board's time
static size_t echoed(size_t n) {
    char data[64], back[256];
    memset(data, 'a', n);
    CHECK_EQ(write(p.port, data, n), n);
    pass_us(50000);
    size_t good = 0, got = process_read(p.port, back, sizeof back, 0.1);
    for (size_t i = 0; i < got; i++) {
        good += back[i] == 'b';
    }
    return good;
}

// Sends n bytes 'a', returns how long until all came back; *good of them as 'b'.
static double echo(size_t n, size_t *good) {
    char data[8192], back[8192];
    memset(data, 'a', n);
    double t = process_now();
    for (size_t at = 0; at < n; at += 256) {
        size_t k = n - at < 256 ? n - at : 256;
        CHECK_EQ(write(p.port, data + at, k), k);
    }
    size_t got = process_read(p.port, back, n, 20);
    t = process_now() - t;
    *good = 0;
    for (size_t i = 0; i < got; i++) {
        *good += back[i] == 'b';
    }
    return t;
}

// 4000 bytes take 0.347 s on the line. Never may they take less.
static void test_fast_and_realtime(void) {
    size_t good;
    start("echo", "--fast");
    process_open_port(&p, 115200);
    long long virt = virtual_us();
    double wall = echo(4000, &good);
    virt = virtual_us() - virt;
    CHECK_EQ(good, 4000);
    CHECK(virt > 346000);
    printf("fast: 4000 bytes, %lld us on the line, %.0f us of wall time\n", virt, wall * 1e6);
    stop(0);
    start("echo", "--realtime");
    process_open_port(&p, 115200);
    wall = echo(4000, &good);
    CHECK_EQ(good, 4000);
    CHECK(wall > 0.346);
    CHECK_EQ(process_number(process_command(&p, "counters"), "uartRx"), 4000);
    stop(0);
}

// A computer that has other things to do: the board gets a quarter of it, in turns.
static pid_t stop_and_go(void) {
    pid_t child = fork();
    while (child == 0) {
        kill(p.pid, SIGSTOP);
        usleep(15000);
        kill(p.pid, SIGCONT);
        usleep(5000);
    }
    return child;
}

static void end_stop_and_go(pid_t child) {
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    kill(p.pid, SIGCONT);
}

// Behind wall time the line still carries its rate, in the board's time, and loses nothing.
static void test_a_lagging_line_carries_its_rate(void) {
    size_t good;
    start("echo", "--realtime");
    process_open_port(&p, 115200);
    pid_t other = stop_and_go();
    long long virt = virtual_us();
    echo(4000, &good);
    virt = virtual_us() - virt;
    end_stop_and_go(other);
    printf("lagging: 4000 bytes in %lld us of the board's time\n", virt);
    CHECK_EQ(good, 4000);
    CHECK(virt > 346000 && virt < 900000); // at the start it may be 250 ms behind
    stop(0);
}

// Whatever the mode, time that a stopped board has missed is told: first as a lag, then as lost.
static void test_lag_is_told(const char *mode) {
    start("echo", mode);
    process_command(&p, "clear-counters");
    kill(p.pid, SIGSTOP);
    usleep(700000);
    kill(p.pid, SIGCONT);
    pass_us(1000);
    process_command(&p, "counters");
    CHECK(process_number(p.answer, "maxLagMs") >= 650);
    CHECK(process_number(p.answer, "lostMs") >= 650);
    char line[512];
    do { // an earlier one may have told of less; 10 s later comes the next
        CHECK(process_read_line(p.out, line, sizeof line, 60));
    } while (!check_failures && process_number(line, "lostMs") < 650);
    CHECK(strstr(line, "\"event\":\"lag\"") && process_number(line, "lostMs") >= 650);
    stop(0);
}

static double told_ms(const char *key) {
    return (double)process_number(process_command(&p, "counters"), key);
}

// Idle, a board passes no more time than there is, and says what it misses of that.
static void test_idle_time_is_wall_time(void) {
    start("echo", "--fast");
    double before = told_ms("lagMs") + told_ms("lostMs");
    double wall = process_now();
    long long virt = virtual_us();
    usleep(300000);
    virt = virtual_us() - virt;
    wall = (process_now() - wall) * 1e3;
    double ms = (double)virt / 1e3, missed = told_ms("lagMs") + told_ms("lostMs");
    CHECK(ms < wall + before + 2 && ms + missed > wall - 50);
    stop(0);
}

static void test_rate_and_reopening(void) {
    size_t good;
    start("echo", "--fast");
    process_open_port(&p, 9600);
    CHECK(echoed(50) < 10);
    process_set_rate(p.port, 115200);
    pass_us(20000);
    char junk[4096];
    process_read(p.port, junk, sizeof junk, 0.05);
    echo(50, &good);
    CHECK_EQ(good, 50);
    // Bytes nobody reads are gone when the next host opens the port.
    CHECK_EQ(write(p.port, "aaaa", 4), 4);
    pass_us(50000);
    close(p.port);
    pass_us(20000);
    process_command(&p, "reset"); // a banner nobody hears
    pass_us(50000);
    CHECK(process_number(process_command(&p, "counters"), "txDropped") >= 5);
    process_open_port(&p, 115200);
    echo(10, &good);
    CHECK_EQ(good, 10);
    stop(0);
}

static void test_commands(void) {
    size_t good;
    start("echo", "--fast");
    process_open_port(&p, 115200);
    CHECK(ok(process_command(&p, "power off")));
    CHECK(strstr(process_command(&p, "counters"), "\"state\":\"off\""));
    CHECK_EQ(echoed(4), 0);
    CHECK(ok(process_command(&p, "power on")));
    char banner[6] = "";
    CHECK_EQ(process_read(p.port, banner, 5, 20), 5);
    CHECK(!strcmp(banner, "boot\n"));
    CHECK(ok(process_command(&p, "unplug")));
    CHECK_EQ(write(p.port, "a", 1), 1);
    CHECK_EQ(process_read(p.port, banner, 1, 0.1), 0);
    CHECK(ok(process_command(&p, "replug")));
    echo(4, &good);
    CHECK_EQ(good, 4);
    CHECK(ok(process_command(&p, "poke 0x20001000 c0ffee")));
    CHECK(strstr(process_command(&p, "peek 0x20001000 3"), "\"hex\":\"c0ffee\""));
    CHECK(ok(process_command(&p, "button press")));
    CHECK(ok(process_command(&p, "button PB5 low")));
    CHECK(strstr(process_command(&p, "pin PA9"), "\"output\":true"));
    CHECK(ok(process_command(&p, "cut 5 1")) && ok(process_command(&p, "cut off")));
    CHECK(ok(process_command(&p, "hw-watchdog on")));
    CHECK(ok(process_command(&p, "clear-counters")));
    CHECK_EQ(process_number(process_command(&p, "counters"), "uartRx"), 0);
    static const char *const wrong[] = {"",
                                        "bogus",
                                        "power",
                                        "power up",
                                        "cut",
                                        "cut 0",
                                        "cut x",
                                        "button",
                                        "button PZ9 low",
                                        "peek",
                                        "peek 0 99999999",
                                        "poke 0x20000000 abc",
                                        "poke 0x1FFFF800 00",
                                        "peek 0x30000000 1",
                                        "save",
                                        "run 5",
                                        "hw-watchdog maybe",
                                        "pin",
                                        "cut-cycles -1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const char *a = process_command(&p, wrong[i]);
        if (strncmp(a, "{\"ok\":false,\"error\":\"", 21)) {
            printf("'%s' was answered %s\n", wrong[i], a);
            check_failures++;
        }
    }
    stop(0);
}

static void test_hostile_client(void) {
    static char junk[100000];
    start("echo", "--fast");
    memset(junk, 'x', sizeof junk);
    CHECK_EQ(write(p.control, junk, sizeof junk), sizeof junk);
    CHECK(strstr(process_command(&p, ""), "line longer"));
    CHECK(ok(process_command(&p, "time")));
    CHECK_EQ(write(p.control, "ti\0me\n", 6), 6);
    CHECK(process_read_line(p.control, p.answer, sizeof p.answer, 20));
    CHECK(strstr(p.answer, "\"ok\":false"));
    for (int i = 0; i < 256; i++) { // every byte there is
        junk[i] = (char)i;
    }
    CHECK_EQ(write(p.control, junk, 256), 256);
    CHECK(strstr(process_command(&p, "x"), "\"ok\":false"));
    while (process_read_line(p.control, p.answer, sizeof p.answer, 0.2)) {
        CHECK(strstr(p.answer, "\"ok\":false"));
    }
    // Commands without reading the answers: held back, then served.
    for (int i = 0; i < 200; i++) {
        CHECK_EQ(write(p.control, "counters\n", 9), 9);
    }
    for (int i = 0; i < 200; i++) {
        CHECK(process_read_line(p.control, p.answer, sizeof p.answer, 20));
    }
    CHECK(ok(process_command(&p, "time")));
    stop(0);
}

static void test_exit_codes_and_saving(void) {
    char path[64];
    struct stat st;
    start("misuse", "--fast");
    process_open_port(&p, 115200);
    CHECK_EQ(write(p.port, "g", 1), 1);
    pass_us(100000);
    CHECK(!ok(process_command(&p, "counters")));
    CHECK(strstr(p.answer, "\"state\":\"error\"") && strstr(p.answer, "clock off"));
    stop(3);

    snprintf(path, sizeof path, "/tmp/board-test-%d.flash", (int)getpid());
    const char *const args[] = {PART, LOAD("echo"), "--flash", path, NULL};
    process_start(&p, true, args);
    kill(p.pid, SIGTERM);
    CHECK_EQ(process_wait(&p), 0);
    CHECK(stat(path, &st) == 0 && st.st_size == 512 * 1024);
    unlink(path);

    const char *const bad[] = {"--part", "stm32f999", NULL};
    process_start(&p, false, bad);
    CHECK_EQ(process_wait(&p), 2);
}

// An existing port: the board sets its rate from BRR.
static void test_existing_port(void) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    grantpt(master);
    unlockpt(master);
    char name[128], data[64];
    ptsname_r(master, name, sizeof name);
    int hold = open(name, O_RDWR | O_NOCTTY);
    const char *const args[] = {PART, LOAD("echo"), "--port", name, NULL};
    process_start(&p, true, args);
    pass_us(100000);
    CHECK_EQ(process_get_rate(master), 115315); // 64 MHz / 555
    process_read(master, data, sizeof data, 0.1);
    CHECK_EQ(write(master, "a", 1), 1);
    CHECK(process_read(master, data, 1, 20) == 1 && data[0] == 'b');
    stop(0);
    close(hold);
    close(master);
}

static void pipe_run(char *out, size_t room) {
    static const char *const lines[] = {"run 5000",        "send 61626364", "run-until-byte 100000",
                                        "rate 118000",     "send 616161",   "run 3000",
                                        "cut-cycles 1000", "run 1000",      "power on",
                                        "run 5000",        "counters",      "run x"};
    const char *const args[] = {PART, LOAD("echo"), "--pipe", "--seed", "9", NULL};
    process_start(&p, false, args);
    size_t n = 0;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *a = process_ask_pipe(&p, lines[i]);
        n += (size_t)snprintf(out + n, room - n, "%s\n", a);
    }
    CHECK(ok(process_ask_pipe(&p, "quit")));
    CHECK_EQ(process_wait(&p), 0);
}

static void test_pipe_is_deterministic(void) {
    static char a[65536], b[65536];
    pipe_run(a, sizeof a);
    pipe_run(b, sizeof b);
    CHECK(!strcmp(a, b));
    CHECK(strstr(a, "\"rx\":\"626f6f740a\"")); // boot
    CHECK(strstr(a, "\"rx\":\"62636465\""));
    CHECK(strstr(a, "\"event\":\"cut\""));
    CHECK(strstr(a, "\"cause\":\"power\""));
    CHECK(strstr(a, "\"ok\":false"));
}

int main(void) {
    signal(SIGPIPE, SIG_IGN);
    test_fast_and_realtime();
    test_a_lagging_line_carries_its_rate();
    test_lag_is_told("--realtime");
    test_lag_is_told("--fast");
    test_idle_time_is_wall_time();
    test_rate_and_reopening();
    test_commands();
    test_hostile_client();
    test_exit_codes_and_saving();
    test_existing_port();
    test_pipe_is_deterministic();
    return check_failures != 0;
}
