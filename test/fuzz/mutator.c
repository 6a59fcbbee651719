// Mutations of whole steps, beside libFuzzer's of bytes.
#include <stdlib.h>
#include <string.h>

#include "program.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static unsigned random_below(unsigned *state, unsigned limit) {
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 8) % limit;
}

static void random_step(uint8_t *step, unsigned *state) {
    // Small numbers are pages, images and differences; the rest is for values.
    step[0] = (uint8_t)random_below(state, PROGRAM_CODES);
    for (unsigned i = 1; i < PROGRAM_STEP; i++) {
        unsigned kind = random_below(state, 8);
        step[i] = kind < 4   ? 0
                  : kind < 6 ? (uint8_t)random_below(state, 8)
                             : (uint8_t)random_below(state, 256);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed) {
    unsigned state = seed;
    unsigned kind = random_below(&state, 8);
    size_t steps = size / PROGRAM_STEP; // with the configuration
    if (kind == 0 || steps < 2 || size > PROGRAM_STEP * PROGRAM_STEPS) {
        size_t longest = PROGRAM_STEP * PROGRAM_STEPS;
        return LLVMFuzzerMutate(data, size, max_size < longest ? max_size : longest);
    }
    uint8_t *step = data + PROGRAM_STEP * (1 + random_below(&state, (unsigned)steps - 1));
    size_t after = (size_t)(data + size - step);
    uint8_t other[PROGRAM_STEP];
    switch (kind) {
    case 1: // another configuration
        data[random_below(&state, PROGRAM_STEP)] = (uint8_t)random_below(&state, 256);
        return size;
    case 2: // a step less
        memmove(step, step + PROGRAM_STEP, after - PROGRAM_STEP);
        return size - PROGRAM_STEP;
    case 3: // a step again, elsewhere
        memcpy(other, data + PROGRAM_STEP * random_below(&state, (unsigned)steps), PROGRAM_STEP);
        break;
    case 4: // values of a step
        for (unsigned i = 0; i <= random_below(&state, 3); i++) {
            uint8_t *value = step + 1 + random_below(&state, PROGRAM_STEP - 1);
            *value = (uint8_t)random_below(&state, random_below(&state, 2) == 0 ? 8 : 256);
        }
        return size;
    case 5: // bits of a step
        step[random_below(&state, PROGRAM_STEP)] ^= (uint8_t)(1u << random_below(&state, 8));
        return size;
    default: // a new step
        random_step(other, &state);
        break;
    }
    if (size + PROGRAM_STEP > max_size) {
        memcpy(step, other, PROGRAM_STEP);
        return size;
    }
    memmove(step + PROGRAM_STEP, step, after);
    memcpy(step, other, PROGRAM_STEP);
    return size + PROGRAM_STEP;
}
