// Checks for C tests: a failing one says where and ends the program. With CHECK_ONLY=name in the
// environment only the test of that name runs.
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define CHECK_EQUAL(actual, expected)                                                              \
    do {                                                                                           \
        unsigned long check_actual = (unsigned long)(actual);                                      \
        unsigned long check_expected = (unsigned long)(expected);                                  \
        if (check_actual != check_expected) {                                                      \
            fprintf(stderr, "%s:%d: %s is %lu (0x%lx), expected %lu (0x%lx)\n", __FILE__,          \
                    __LINE__, #actual, check_actual, check_actual, check_expected,                 \
                    check_expected);                                                               \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#define RUN(test)                                                                                  \
    do {                                                                                           \
        const char *check_only = getenv("CHECK_ONLY");                                             \
        if (check_only == NULL || strcmp(check_only, #test) == 0) {                                \
            test();                                                                                \
            printf("ok %s\n", #test);                                                              \
        }                                                                                          \
    } while (0)

#endif
