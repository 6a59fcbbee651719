// Leaving out what a program does while it waits: a loop that looks at registers until one changes
// costs the computer as much as real work.
//
// Whether a loop only waits is tried, not guessed. It runs a few times; then the board is put back
// to before that, the time of all rounds but the last passes with the core stopped, and it runs
// once. If core, RAM and devices are bit for bit what they were with all rounds run, the rounds
// left out changed nothing. A loop that counts its looks fails, and so does one that computes. One
// that reads a timer passes until the moment it waits for, hence the limits: nothing is left out
// beyond the next event of a device, nor for longer than the loop is known to have waited.
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define ROUNDS         2                       // run and compared
#define ROUND_PS       (100 * BOARD_PS_PER_US) // the longest
#define FIRST_RUN_PS   (100 * BOARD_PS_PER_US) // between two tries; longer while they fail
#define LAST_RUN_PS    (1000 * BOARD_PS_PER_US)
#define MOST_WAITED_PS (2000 * BOARD_PS_PER_US) // remembered

struct loop {
    uint32_t pc, sp, lr;
};

// All of a board that a loop may change. RAM is compared in place.
struct saved {
    struct board board;
    uc_context *core;
    uint8_t *ram[RAM_COUNT];
};

struct idle {
    struct saved before, after;
    struct loop loop;      // the one that passed last
    uint64_t instructions; // of a round
    uint64_t waited_ps;    // it has passed for so long,
    uint64_t seen_ps;      // up to here
};

static uint64_t earliest(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static bool saved_open(const struct board *b, struct saved *s) {
    for (int i = 0; i < RAM_COUNT; i++) {
        s->ram[i] = malloc(b->ram[i].size + 1);
        if (!s->ram[i]) {
            return false;
        }
    }
    return uc_context_alloc(b->uc, &s->core) == UC_ERR_OK;
}

static void saved_close(struct saved *s) {
    for (int i = 0; i < RAM_COUNT; i++) {
        free(s->ram[i]);
    }
    if (s->core) {
        uc_context_free(s->core);
    }
}

void idle_close(struct board *b) {
    if (b->idle) {
        saved_close(&b->idle->before);
        saved_close(&b->idle->after);
        free(b->idle);
        b->idle = NULL;
    }
}

// With the first idle moment: explorations make many boards that have none.
static bool open_once(struct board *b) {
    if (!b->idle) {
        b->idle = calloc(1, sizeof *b->idle);
        if (!b->idle || !saved_open(b, &b->idle->before) || !saved_open(b, &b->idle->after)) {
            idle_close(b);
        }
    }
    return b->idle;
}

static void save(struct board *b, struct saved *s) {
    memcpy(&s->board, b, sizeof *b);
    uc_context_save(b->uc, s->core);
    for (int i = 0; i < RAM_COUNT; i++) {
        memcpy(s->ram[i], b->ram[i].data, b->ram[i].size);
    }
}

static void restore(struct board *b, const struct saved *s) {
    struct ram now[RAM_COUNT];
    memcpy(now, b->ram, sizeof now);
    memcpy(b, &s->board, sizeof *b);
    uc_context_restore(b->uc, s->core);
    for (int i = 0; i < RAM_COUNT; i++) {
        struct ram *ram = &b->ram[i];
        memcpy(ram->data, s->ram[i], ram->size);
        // What libunicorn was told meanwhile stays told.
        memcpy(ram->code, now[i].code, sizeof ram->code);
        ram->lo = now[i].lo < ram->lo ? now[i].lo : ram->lo;
        ram->hi = now[i].hi > ram->hi ? now[i].hi : ram->hi;
    }
}

static bool same(struct board *b, const struct saved *s) {
    static const int registers[] = {
        UC_ARM_REG_R0,  UC_ARM_REG_R1,   UC_ARM_REG_R2,      UC_ARM_REG_R3,     UC_ARM_REG_R4,
        UC_ARM_REG_R5,  UC_ARM_REG_R6,   UC_ARM_REG_R7,      UC_ARM_REG_R8,     UC_ARM_REG_R9,
        UC_ARM_REG_R10, UC_ARM_REG_R11,  UC_ARM_REG_R12,     UC_ARM_REG_SP,     UC_ARM_REG_LR,
        UC_ARM_REG_PC,  UC_ARM_REG_XPSR, UC_ARM_REG_PRIMASK, UC_ARM_REG_CONTROL};
    for (size_t i = 0; i < sizeof registers / sizeof *registers; i++) {
        uint32_t there = 0;
        uc_context_reg_read(s->core, registers[i], &there);
        if (cpu_reg(b, registers[i]) != there) {
            return false;
        }
    }
    for (int i = UC_ARM_REG_D0; i <= UC_ARM_REG_D15; i++) {
        uint64_t now = 0, there = 0;
        uc_reg_read(b->uc, i, &now);
        uc_context_reg_read(s->core, i, &there);
        if (now != there) {
            return false;
        }
    }
    for (int i = 0; i < RAM_COUNT; i++) {
        if (memcmp(b->ram[i].data, s->ram[i], b->ram[i].size) != 0) {
            return false;
        }
    }
    // How a state was reached is not part of it.
    b->instructions = s->board.instructions;
    b->deadline = s->board.deadline;
    b->limit_ps = s->board.limit_ps;
    if (b->next_line_ready <= b->cyc && s->board.next_line_ready <= b->cyc) { // it is over
        b->next_line_ready = s->board.next_line_ready;
    }
    return memcmp(b, &s->board, sizeof *b) == 0;
}

static struct loop here(struct board *b) {
    return (struct loop){cpu_reg(b, UC_ARM_REG_PC), cpu_reg(b, UC_ARM_REG_SP),
                         cpu_reg(b, UC_ARM_REG_LR)};
}

static bool at(struct board *b, struct loop loop) {
    struct loop now = here(b);
    return now.pc == loop.pc && now.sp == loop.sp && now.lr == loop.lr;
}

static bool may_wait(const struct board *b) {
    return b->state == BOARD_RUNNING && !b->rom.running && !b->sleeping && !b->stall_wait &&
           !b->fault.exc && !b->reset_request && !b->fpec.busy && b->low == b->low_wanted &&
           b->cut_cycle == NEVER && !memo_busy(b);
}

// Runs to where the loop begins anew.
static bool run_round(struct board *b, struct loop loop, uint64_t end) {
    uint64_t from = b->instructions;
    b->watch_pc = loop.pc;
    b->watch_from = from;
    b->limit_ps = end;
    while (now_ps(b) < end && may_wait(b)) {
        ev_run_due(b);
        b->attention |= ATTN_WATCH;
        board_step(b);
        if (b->instructions > b->watch_from && at(b, loop)) {
            b->attention &= ~ATTN_WATCH;
            return true;
        }
        b->watch_from = b->instructions;
    }
    b->attention &= ~ATTN_WATCH;
    return false;
}

// The last round alone, at its own time: is everything as if the others had been run?
static bool others_change_nothing(struct board *b, struct loop loop, uint64_t last_cycle) {
    struct idle *idle = b->idle;
    save(b, &idle->after);
    uint64_t end = now_ps(b);
    restore(b, &idle->before);
    // The core stands still, and what it has fetched ahead with it.
    b->next_line_ready += last_cycle - b->cyc;
    b->cyc = last_cycle;
    b->cfg.on_event = NULL; // nobody hears of what is only tried
    b->cfg.on_log = NULL;
    b->trying = true;
    b->watch_pc = loop.pc;
    b->watch_from = b->instructions;
    b->attention |= ATTN_WATCH;
    b->limit_ps = end + 1;
    if (ev_next(b) > end) {
        cpu_run_chunk(b);
    }
    b->attention &= ~ATTN_WATCH;
    b->trying = false;
    b->watch_from = idle->after.board.watch_from;
    b->cfg.on_event = idle->after.board.cfg.on_event;
    b->cfg.on_log = idle->after.board.cfg.on_log;
    bool changed_nothing = same(b, &idle->after);
    restore(b, &idle->after);
    return changed_nothing;
}

// Runs the loop that the core is in a few times, and leaves out what it may. False: it does not
// wait.
static bool leave_out(struct board *b, uint64_t end) {
    struct idle *idle = b->idle;
    struct loop loop = here(b);
    uint64_t cycle[ROUNDS + 1], count[ROUNDS + 1];
    uint64_t began = now_ps(b), first = b->instructions;
    uint64_t waited = began == idle->seen_ps && at(b, idle->loop) ? idle->waited_ps : 0;
    if (!run_round(b, loop, began + ROUND_PS)) { // it may see much time at once, and do more
        return false;
    }
    if (b->instructions - first != idle->instructions) { // perhaps it waits for the next thing
        waited /= 8;
    }
    save(b, &idle->before);
    for (int i = 0; i <= ROUNDS; i++) {
        cycle[i] = b->cyc;
        count[i] = b->instructions;
        if (i < ROUNDS && !run_round(b, loop, now_ps(b) + ROUND_PS)) {
            return false;
        }
    }
    idle->instructions = count[1] - count[0];
    for (int i = 1; i < ROUNDS; i++) {
        if (count[i + 1] - count[i] != idle->instructions) {
            return false;
        }
    }
    if (!others_change_nothing(b, loop, cycle[ROUNDS - 1])) {
        return false;
    }
    uint64_t now = now_ps(b);
    waited += now - began;
    uint64_t until = earliest(now + waited, earliest(ev_next(b), end));
    uint64_t round = cycle[ROUNDS] - cycle[ROUNDS - 1];
    uint64_t rounds = until > now ? (cycle_at(b, until) - b->cyc) / round : 0;
    b->cyc += rounds * round;
    b->next_line_ready += rounds * round;
    b->instructions += rounds * idle->instructions;
    b->counters.left_out += rounds * idle->instructions;
    idle->loop = loop;
    idle->seen_ps = now_ps(b);
    idle->waited_ps = earliest(waited + idle->seen_ps - now, MOST_WAITED_PS);
    return true;
}

void board_run_idle_ps(struct board *b, uint64_t ps) {
    uint64_t end = now_ps(b) + ps;
    uint64_t run = FIRST_RUN_PS;
    while (now_ps(b) < end && may_wait(b) && open_once(b)) {
        if (leave_out(b, end)) {
            if (now_ps(b) + ROUND_PS / 2 > end) {
                return; // where the loop begins, so that the next call goes on with it
            }
            run = FIRST_RUN_PS;
            continue;
        }
        if (now_ps(b) < end) {
            board_run_ps(b, earliest(run, end - now_ps(b)));
        }
        run = run < LAST_RUN_PS / 2 ? 2 * run : LAST_RUN_PS;
    }
    if (now_ps(b) < end) {
        board_run_ps(b, end - now_ps(b));
    }
}
