#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PRINTED 3u // of each kind and tally

static const char *const labels[FINDING_COUNT] = {
    "BRICK",    "UNVERIFIED START", "LOST ENTRY", "FAILED RECOVERY",
    "FLAPPING", "REVIVED KEY",      "BROKEN RULE"};

struct tally *tally_create(uint32_t count) {
    void *memory = mmap(NULL, count * sizeof(struct tally), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return memory;
}

void tally_find(struct tally *tally, enum finding finding, const char *replay, const char *what) {
    if (atomic_fetch_add(&tally->findings[finding], 1) < PRINTED) {
        char text[512];
        int size = snprintf(text, sizeof text, "%s: %s\n  explore %s --verbose\n", labels[finding],
                            what, replay);
        // One write, so that the lines of two processes do not mix.
        if (size > 0 && write(STDOUT_FILENO, text, (size_t)size) < 0) {
            perror("write");
        }
    }
}

uint32_t tally_found(const struct tally *tally) {
    uint32_t found = 0;
    for (int i = 0; i < FINDING_COUNT; i++) {
        found += tally->findings[i];
    }
    return found;
}

void tally_print(const struct tally *tallies, uint32_t count) {
    uint32_t points = 0;
    uint32_t findings[FINDING_COUNT] = {0};
    for (uint32_t i = 0; i < count; i++) {
        points += tallies[i].points;
        for (int f = 0; f < FINDING_COUNT; f++) {
            findings[f] += tallies[i].findings[f];
        }
    }
    printf("%u points, %u bricks, %u unverified starts, %u lost entries, %u failed recoveries, "
           "%u flapping, %u revived keys, %u broken rules\n",
           points, findings[FINDING_BRICK], findings[FINDING_UNVERIFIED], findings[FINDING_LOST],
           findings[FINDING_FAILED], findings[FINDING_FLAPPING], findings[FINDING_REVIVED],
           findings[FINDING_RULES]);
}
