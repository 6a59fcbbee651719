// Shared by all processes that are forked later. Two that compute the same at once keep it twice.
#include "memo.h"

#include <string.h>
#include <sys/mman.h>

struct board_memo *board_memo_create(const struct board_function *function, uint32_t check_every) {
    struct board_memo *memo =
        mmap(NULL, sizeof *memo, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memo == MAP_FAILED) {
        return NULL;
    }
    memo->function = *function;
    memo->check_every = check_every;
    return memo;
}

void board_memo_free(struct board_memo *memo) {
    if (memo) {
        munmap(memo, sizeof *memo);
    }
}

struct board_memo_counts board_memo_counts(const struct board_memo *memo) {
    return (struct board_memo_counts){memo->computed, memo->left_out, memo->checked};
}

const struct memo_known *memo_find(const struct board_memo *memo,
                                   const struct memo_arguments *arguments) {
    uint32_t count = memo->count < MEMO_MOST_KNOWN ? memo->count : MEMO_MOST_KNOWN;
    for (uint32_t i = 0; i < count; i++) {
        const struct memo_known *known = &memo->known[i];
        if (known->complete && memcmp(&known->arguments, arguments, sizeof *arguments) == 0) {
            return known;
        }
    }
    return NULL;
}

void memo_keep(struct board_memo *memo, const struct memo_arguments *arguments,
               const struct memo_outcome *outcome) {
    uint32_t i = atomic_fetch_add(&memo->count, 1);
    if (i < MEMO_MOST_KNOWN) {
        memo->known[i].arguments = *arguments;
        memo->known[i].outcome = *outcome;
        memo->known[i].complete = true;
    } else {
        memo->count = MEMO_MOST_KNOWN;
    }
}
