// What is known of a function's calls: memo.c takes part in them, memo_known.c keeps it.
#ifndef BOARD_MEMO_H
#define BOARD_MEMO_H

#include <stdatomic.h>

#include "board.h"

#define MEMO_REGISTERS 15 // R0 to R12, SP, LR

// What the outcome depends on.
struct memo_arguments {
    uint32_t pointers[BOARD_MEMO_POINTERS];
    uint32_t sp, lr;
    uint32_t acr; // of the flash: how long a fetch takes
    uint8_t bytes[BOARD_MEMO_POINTERS][BOARD_MEMO_BYTES];
};

// The core behind the function, and what its time depends on from there; counted from the call on.
struct memo_outcome {
    uint64_t cycles, instructions, next_line_ready;
    uint32_t r[MEMO_REGISTERS]; // R4 to R11: 0, they are the caller's
    uint32_t line, pc, seq_pc, flash_pc;
    uint32_t opcode, prev_class;
};

struct memo_known {
    atomic_bool complete;
    struct memo_arguments arguments;
    struct memo_outcome outcome;
};

#define MEMO_MOST_KNOWN 512u

struct board_memo {
    struct board_function function;
    uint32_t check_every;
    atomic_uint count, computed, left_out, checked;
    struct memo_known known[MEMO_MOST_KNOWN];
};

// NULL: nothing.
const struct memo_known *memo_find(const struct board_memo *memo,
                                   const struct memo_arguments *arguments);
void memo_keep(struct board_memo *memo, const struct memo_arguments *arguments,
               const struct memo_outcome *outcome);

#endif
