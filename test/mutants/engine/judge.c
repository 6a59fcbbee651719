// Runs the core's tests against its mutants, each test in a process of its own.
//   quick-VARIANT|strict-VARIANT JOBS LIMIT_MS < numbers of mutants
// Prints "test NAME MS" for each test that runs, then for each mutant "NUMBER killed NAME",
// "NUMBER survived -" or "NUMBER unreached -". Only tests that reach a mutant are run, the fast
// ones first; none that takes longer than LIMIT_MS without a mutant (0: all).
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mutants.h"

struct test {
    const char *name;
    int (*program)(void);
};

#include "tests.generated.h" // tests and MUTANT_COUNT

#define TEST_COUNT (sizeof tests / sizeof tests[0])
// A mutant that makes a test so much slower hangs it.
#define SLOWER    5u
#define LEAST_S   0.1
#define LONGEST_S 600

// For the address sanitizer: what a test leaves when it fails is nobody's.
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
    return "detect_leaks=0";
}

int mutants_active = MUTANTS_NONE;
unsigned char *mutants_reached;

// A test that is run, and what it was like without a mutant.
struct known {
    const struct test *test;
    double seconds; // of CPU
    unsigned char *reached;
};

static struct known order[TEST_COUNT];
static size_t order_size;
static bool hung; // the last test that failed was ended by its time limit

static void *shared(size_t size) {
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return memory;
}

// In the child; does not return.
static void run(const struct test *test, int mutant, double limit_s) {
    int null = open("/dev/null", O_WRONLY);
    dup2(null, STDOUT_FILENO);
    dup2(null, STDERR_FILENO);
    setenv("CHECK_ONLY", test->name, 1);
    mutants_active = mutant;
    // Of the CPU's time, so that a busy computer kills nothing.
    time_t seconds = (time_t)limit_s;
    struct itimerval limit = {
        .it_value = {seconds, (suseconds_t)((limit_s - (double)seconds) * 1e6)}};
    setitimer(ITIMER_PROF, &limit, NULL);
    (void)test->program(); // a check that fails ends the process
    _exit(0);
}

// Whether the test passes.
static bool passes(const struct test *test, int mutant, double limit_s, double *seconds) {
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        run(test, mutant, limit_s);
    }
    int status = 0;
    struct rusage usage = {0};
    if (child < 0 || wait4(child, &status, 0, &usage) != child) {
        perror("fork");
        exit(2);
    }
    *seconds = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
               (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    hung = WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int faster(const void *a, const void *b) {
    const struct known *left = a;
    const struct known *right = b;
    return left->seconds < right->seconds ? -1 : left->seconds > right->seconds;
}

// What each test takes and reaches.
static void look_at_tests(double limit_s) {
    for (size_t i = 0; i < TEST_COUNT; i++) {
        double seconds;
        double most_s = limit_s > 0 ? limit_s : LONGEST_S;
        mutants_reached = shared(MUTANT_COUNT + 1);
        if (!passes(&tests[i], MUTANTS_NONE, most_s, &seconds)) {
            if (limit_s > 0 && hung) {
                continue;
            }
            printf("test %s fails without a mutant\n", tests[i].name);
            exit(1);
        }
        double reaching;
        if (!passes(&tests[i], MUTANTS_SEEN, LONGEST_S, &reaching)) {
            printf("test %s fails with the mutants built in\n", tests[i].name);
            exit(1);
        }
        order[order_size++] = (struct known){&tests[i], seconds, mutants_reached};
        printf("test %s %.0f\n", tests[i].name, seconds * 1000);
    }
    qsort(order, order_size, sizeof order[0], faster);
}

static void judge(int mutant) {
    const char *verdict = "unreached";
    const char *killer = "-";
    for (size_t i = 0; i < order_size && strcmp(verdict, "killed") != 0; i++) {
        double seconds;
        if (order[i].reached[mutant] == 0) {
            continue;
        }
        verdict = "survived";
        if (!passes(order[i].test, mutant, SLOWER * order[i].seconds + LEAST_S, &seconds)) {
            verdict = "killed";
            killer = order[i].test->name;
        }
    }
    printf("%d %s %s\n", mutant, verdict, killer);
    fflush(stdout);
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: quick-VARIANT|strict-VARIANT JOBS LIMIT_MS\n");
        return 2;
    }
    int jobs = atoi(argv[1]);
    static int mutants[MUTANT_COUNT + 1];
    int count = 0;
    while (count <= MUTANT_COUNT && scanf("%d", &mutants[count]) == 1) {
        if (mutants[count] < 0 || mutants[count] >= MUTANT_COUNT) {
            fprintf(stderr, "there is no mutant %d\n", mutants[count]);
            return 2;
        }
        count++;
    }
    look_at_tests(atof(argv[2]) / 1000);
    mutants_reached = shared(MUTANT_COUNT + 1);
    atomic_int *next = shared(sizeof *next);
    fflush(stdout);
    for (int job = 0; job < jobs; job++) {
        if (fork() == 0) {
            for (int i; (i = atomic_fetch_add(next, 1)) < count;) {
                judge(mutants[i]);
            }
            _exit(0);
        }
    }
    int status = 0;
    bool good = true;
    while (wait(&status) > 0) {
        good = good && status == 0;
    }
    return good ? 0 : 2;
}
