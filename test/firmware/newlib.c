// Checks newlib against known results: one line for each area, the count at the end. It pulls in
// some 90 KB of libraries, so it is also a firmware of ordinary size.
#include <complex.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <search.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

#include "board_support.h"
#include "listen.h"

static unsigned checks;
static unsigned failures;

static void check(int ok, const char *what) {
    checks++;
    if (!ok) {
        failures++;
        printf("wrong: %s\r\n", what);
    }
}

#define CHECK(what) check((what), #what)

static void near(double found, double expected, const char *what) {
    checks++;
    if (fabs(found - expected) > 1e-12 * fabs(expected)) {
        failures++;
        printf("wrong: %s is %.17g, not %.17g\r\n", what, found, expected);
    }
}

#define NEAR(what, expected) near((what), (expected), #what)

__attribute__((format(printf, 2, 3))) static void prints(const char *expected, const char *format,
                                                         ...) {
    char text[80];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    check(strcmp(text, expected) == 0, expected);
}

static void printing(void) {
    prints("3.14159265358979", "%.14f", 3.14159265358979323846);
    prints("1.000000e-300", "%e", 1e-300);
    prints("inf -inf nan", "%g %g %g", (double)INFINITY, -(double)INFINITY, (double)NAN);
    prints("   -42|-42   |-0042|0xbeef|177", "%6d|%-6d|%05d|%#x|%o", -42, -42, -42, 0xbeef, 0177);
    prints("18446744073709551615 -9223372036854775808", "%llu %lld", ~0ull,
           (long long)(1ull << 63));
    prints("abc     ab%", "%-8s%.2s%%", "abc", "abc");
}

static void scanning(void) {
    int i = 0;
    double d = 0;
    char word[8] = "";
    CHECK(sscanf("  -17 0x1F 2.5e3 end", "%d", &i) == 1 && i == -17);
    CHECK(sscanf("7:2.5e3,end", "%d:%lf,%7s", &i, &d, word) == 3 && d == 2500.0);
    CHECK(strcmp(word, "end") == 0);
    CHECK(strtod("0x1.8p1z", NULL) == 3.0);
    NEAR(strtod("2.2250738585072014e-308", NULL), 2.2250738585072014e-308);
    CHECK(strtol("-2147483648", NULL, 10) == (-2147483647L - 1));
    errno = 0;
    CHECK(strtol("99999999999", NULL, 10) == 2147483647L && errno == ERANGE);
    CHECK(strtoull("ffffffffffffffff", NULL, 16) == ~0ull);
}

static void mathematics(void) {
    NEAR(sin(1.0), 0.84147098480789650665);
    NEAR(cos(1e6), 0.93675212753314474389);
    NEAR(tan(-2.0), 2.1850398632615189916);
    NEAR(atan2(1.0, -2.0), 2.6779450445889871222);
    NEAR(exp(10.0), 22026.465794806716517);
    NEAR(log(1e-5), -11.512925464970228420);
    NEAR(pow(2.0, 0.5), 1.4142135623730950488);
    NEAR(sqrt(1e100), 1e50);
    NEAR(cbrt(-27.0), -3.0);
    NEAR(sinh(1.0), 1.1752011936438014569);
    NEAR(erf(0.5), 0.52049987781304653768);
    NEAR(tgamma(5.5), 52.342777784553520181);
    NEAR(lgamma(100.0), 359.13420536957539878);
    NEAR(j0(1.0), 0.76519768655796655145);
    NEAR(hypot(3e200, 4e200), 5e200);
    NEAR(fmod(1e20, 3.0), 1.0);
    NEAR(cabs(3.0 + 4.0 * I), 5.0);
    NEAR(creal(cexp(I * 3.14159265358979323846)), -1.0);
    CHECK(isnan(sqrt(-1.0)) && isinf(1.0 / 0.0 * 1.0));
}

static int ascending(const void *a, const void *b) {
    int x = *(const int *)a;
    int y = *(const int *)b;
    return (x > y) - (x < y);
}

static void sorting(void) {
    enum { COUNT = 500 };
    static int numbers[COUNT];
    srand(1);
    for (int i = 0; i < COUNT; i++) {
        numbers[i] = rand();
    }
    qsort(numbers, COUNT, sizeof numbers[0], ascending);
    int sorted = 1;
    for (int i = 1; i < COUNT; i++) {
        sorted = sorted && numbers[i - 1] <= numbers[i];
    }
    CHECK(sorted);
    CHECK(bsearch(&numbers[123], numbers, COUNT, sizeof numbers[0], ascending) != NULL);
    void *tree = NULL;
    for (int i = 0; i < COUNT; i += 50) {
        CHECK(tsearch(&numbers[i], &tree, ascending) != NULL);
    }
    CHECK(tfind(&numbers[100], &tree, ascending) != NULL);
    CHECK(tfind(&numbers[101], &tree, ascending) == NULL || numbers[101] == numbers[100]);
}

// linker/app.ld: below the mailbox, while everything else is above it
__attribute__((section(".low_ram"))) static unsigned char buffer[6000];

static void memory(void) {
    memset(buffer, 0x5a, sizeof buffer);
    CHECK((size_t)buffer >= 0x20000000 && (size_t)(buffer + sizeof buffer) <= 0x20001fe0);
    CHECK((size_t)&failures > 0x20002000 && failures == 0);
    enum { BLOCKS = 32 };
    unsigned char *block[BLOCKS];
    for (size_t i = 0; i < BLOCKS; i++) {
        block[i] = malloc(100 + i);
        CHECK(block[i] != NULL);
        memset(block[i], (int)i, 100 + i);
    }
    for (size_t i = 0; i < BLOCKS; i += 2) {
        free(block[i]);
        block[i] = calloc(1, 200);
    }
    for (size_t i = 0; i < BLOCKS; i++) {
        CHECK(block[i] != NULL && block[i][99] == (i % 2 == 0 ? 0 : i));
        free(block[i]);
    }
    CHECK(malloc(0x10000000) == NULL); // more than there is: refused, not handed out
}

static void strings(void) {
    char text[] = "one,two;three";
    char *rest = NULL;
    CHECK(strcmp(strtok_r(text, ",;", &rest), "one") == 0);
    CHECK(strcmp(strtok_r(NULL, ",;", &rest), "two") == 0);
    CHECK(strstr("bootloader", "load") != NULL && strcasecmp("IAP", "iap") == 0);
}

static void dates(void) {
    struct tm leap = {.tm_year = 2024 - 1900, .tm_mon = 1, .tm_mday = 29, .tm_hour = 12};
    time_t seconds = mktime(&leap);
    CHECK(seconds == 1709208000 && leap.tm_wday == 4 && leap.tm_yday == 59);
    char text[32];
    seconds += 86400;
    CHECK(strftime(text, sizeof text, "%a %d %b %Y %j", gmtime(&seconds)) > 0);
    CHECK(strcmp(text, "Fri 01 Mar 2024 061") == 0);
}

static jmp_buf back;

static void jumps(void) {
    volatile int passes = 0;
    if (setjmp(back) < 3) {
        passes++;
        longjmp(back, passes);
    }
    CHECK(passes == 3);
    wchar_t wide[8];
    CHECK(mbstowcs(wide, "wide", 8) == 4 && wcscmp(wide, L"wide") == 0);
    CHECK(swprintf(wide, 8, L"%d", 1234567) == 7);
}

static const struct {
    const char *name;
    void (*run)(void);
} areas[] = {
    {"printf", printing}, {"scanf", scanning}, {"libm", mathematics}, {"qsort", sorting},
    {"malloc", memory},   {"string", strings}, {"time", dates},       {"setjmp", jumps},
};

int main(void) {
    board_start();
    for (size_t i = 0; i < sizeof areas / sizeof areas[0]; i++) {
        unsigned before = failures;
        areas[i].run();
        printf("newlib: %s %s\r\n", areas[i].name, failures == before ? "good" : "BAD");
    }
    printf("newlib: %u checks, %u wrong\r\n", checks, failures);
    listen("newlib: running\r\n");
}
