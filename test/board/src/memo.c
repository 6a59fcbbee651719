// A function of the firmware that the core computes once for each of its arguments. What it gave
// and the time that it took are kept, and when it is called with the same again, that time passes
// with the core stopped at its first instruction; then the registers are as it leaves them.
//
// Only for a function that depends on nothing but what R0 to R2 point at, changes nothing but its
// stack, and touches no device. Some calls are computed all the same: the board stops in state
// `error` if the outcome is another, or if RAM outside the stack has changed. While flash is busy,
// or where a cell reads differently each time, the core computes as ever.
//
// Nothing is left below the stack pointer, where the function itself leaves its remains.
#include <stdlib.h>
#include <string.h>

#include "internal.h"
#include "memo.h"

#define MOST_STACK 1024u // bytes of stack that the function may take

static const int registers[MEMO_REGISTERS] = {
    UC_ARM_REG_R0,  UC_ARM_REG_R1,  UC_ARM_REG_R2,  UC_ARM_REG_R3, UC_ARM_REG_R4,
    UC_ARM_REG_R5,  UC_ARM_REG_R6,  UC_ARM_REG_R7,  UC_ARM_REG_R8, UC_ARM_REG_R9,
    UC_ARM_REG_R10, UC_ARM_REG_R11, UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR};
enum { SP = 13, LR = 14 };

struct memo_call {
    bool entered;                   // the core stands at the first instruction
    bool computing;                 // the core is within
    bool passing;                   // time passes instead
    bool telling;                   // what it gives depends on the arguments alone
    const struct memo_known *known; // what it gives; NULL: nobody knows yet
    struct memo_arguments arguments;
    uint64_t left; // cycles that have to pass still
    // At the first instruction
    uint32_t r[MEMO_REGISTERS];
    uint64_t cycle, instructions, dma_bytes;
    uint8_t *ram[RAM_COUNT];
};

bool memo_open(struct board *b) {
    if (!b->cfg.memo) {
        return true;
    }
    b->call = calloc(1, sizeof *b->call);
    for (int i = 0; b->call && i < RAM_COUNT; i++) {
        b->call->ram[i] = malloc(b->ram[i].size + 1);
        if (!b->call->ram[i]) {
            return false;
        }
    }
    return b->call;
}

void memo_close(struct board *b) {
    for (int i = 0; b->call && i < RAM_COUNT; i++) {
        free(b->call->ram[i]);
    }
    free(b->call);
    b->call = NULL;
}

void memo_reset(struct board *b) {
    if (b->call) {
        b->call->entered = b->call->computing = b->call->passing = false;
    }
}

uint32_t memo_address(const struct board *b) {
    return b->cfg.memo->function.address;
}

// Before the function's first instruction.
void hook_memo(uc_engine *uc, uint64_t address, uint32_t size, void *user) {
    (void)address, (void)size;
    struct board *b = user;
    if (!b->call->computing) {
        b->call->entered = true;
        b->hook_stopped = true;
        uc_emu_stop(uc);
    }
}

static bool reads_alike(const struct board *b, uint32_t address, uint32_t n) {
    uint32_t off;
    if (!b->weak_count || !bus_in_flash(b, address, &off)) {
        return true;
    }
    for (uint32_t o = off & ~1u; o < off + n; o += 2) {
        if (b->weak[o / 2].mask && b->weak[o / 2].noisy) {
            return false;
        }
    }
    return true;
}

static bool look(struct board *b, const uint32_t r[MEMO_REGISTERS],
                 struct memo_arguments *arguments) {
    *arguments = (struct memo_arguments){.sp = r[SP], .lr = r[LR], .acr = b->fpec.acr};
    for (int i = 0; i < BOARD_MEMO_POINTERS; i++) {
        uint32_t n = b->cfg.memo->function.bytes[i];
        const uint8_t *p = reads_alike(b, r[i], n) ? bus_memory(b, r[i], n, false) : NULL;
        if (!p || n > BOARD_MEMO_BYTES) {
            return false;
        }
        arguments->pointers[i] = r[i];
        memcpy(arguments->bytes[i], p, n);
    }
    return !b->fpec.busy;
}

static void read_registers(struct board *b, uint32_t r[MEMO_REGISTERS]) {
    for (int i = 0; i < MEMO_REGISTERS; i++) {
        r[i] = cpu_reg(b, registers[i]);
    }
}

// Whether it will be known what this call gives.
static bool tells(struct board *b, struct memo_call *call) {
    return (call->r[LR] & 1u) && call->r[LR] < PERIPH_BASE && look(b, call->r, &call->arguments);
}

static void watch_end(struct board *b) {
    b->watch_pc = b->call->r[LR] & ~1u;
    b->watch_from = 0;
    b->attention |= ATTN_WATCH;
}

static void begin(struct board *b) {
    struct board_memo *memo = b->cfg.memo;
    struct memo_call *call = b->call;
    read_registers(b, call->r);
    call->telling = tells(b, call);
    call->known = call->telling ? memo_find(memo, &call->arguments) : NULL;
    bool check = call->known && memo->check_every &&
                 (memo->left_out + memo->checked + 1) % memo->check_every == 0;
    call->passing = call->known && !check;
    call->computing = !call->passing;
    if (call->passing) {
        atomic_fetch_add(&memo->left_out, 1);
        call->left = call->known->outcome.cycles;
        return;
    }
    atomic_fetch_add(check ? &memo->checked : &memo->computed, 1);
    call->cycle = b->cyc;
    call->instructions = b->instructions;
    call->dma_bytes = b->counters.dma_bytes;
    for (int i = 0; i < RAM_COUNT; i++) {
        memcpy(call->ram[i], b->ram[i].data, b->ram[i].size);
    }
    watch_end(b);
}

// What the function left; R4 to R11 and the stack pointer are as they were.
static bool outcome_of(struct board *b, struct memo_outcome *outcome) {
    const struct memo_call *call = b->call;
    memset(outcome, 0, sizeof *outcome); // it is compared whole
    outcome->cycles = b->cyc - call->cycle;
    outcome->instructions = b->instructions - call->instructions;
    outcome->next_line_ready = b->next_line_ready - call->cycle;
    outcome->line = b->line;
    outcome->pc = b->pc;
    outcome->seq_pc = b->seq_pc;
    outcome->flash_pc = b->flash_pc;
    outcome->opcode = b->opcode;
    outcome->prev_class = b->prev_class;
    read_registers(b, outcome->r);
    bool preserved = memcmp(outcome->r + 4, call->r + 4, 8 * sizeof *call->r) == 0;
    memset(outcome->r + 4, 0, 8 * sizeof *call->r);
    return preserved;
}

static bool changed(const struct board *b, int i, uint32_t from, uint32_t to) {
    return to > from && memcmp(b->ram[i].data + from, b->call->ram[i] + from, to - from) != 0;
}

// Outside the stack that it may take. What DMA brings in meanwhile is not the function's.
static bool ram_changed(const struct board *b) {
    bool any = false;
    for (int i = 0; i < RAM_COUNT; i++) {
        const struct ram *ram = &b->ram[i];
        uint32_t sp = b->call->r[SP] - ram->base;
        bool has_stack = sp <= ram->size;
        uint32_t low = !has_stack ? ram->size : sp > MOST_STACK ? sp - MOST_STACK : 0;
        any = any || changed(b, i, 0, low) || (has_stack && changed(b, i, sp, ram->size));
    }
    return any && b->counters.dma_bytes == b->call->dma_bytes;
}

static void end(struct board *b) {
    struct memo_call *call = b->call;
    struct memo_outcome outcome;
    call->computing = call->entered = false;
    b->attention &= ~ATTN_WATCH;
    bool pure = outcome_of(b, &outcome) && !ram_changed(b);
    if (!call->telling) {
        return;
    }
    if (!pure) {
        board_stop_error(b, "a function that is left out changes more than its outcome");
    } else if (!call->known) {
        memo_keep(b->cfg.memo, &call->arguments, &outcome);
    } else if (memcmp(&call->known->outcome, &outcome, sizeof outcome) != 0) {
        board_stop_error(b, "a function that is left out has another outcome when it is computed");
    }
}

static void land(struct board *b) {
    struct memo_call *call = b->call;
    const struct memo_outcome *outcome = &call->known->outcome;
    uint64_t began = b->cyc - outcome->cycles;
    call->passing = call->entered = false;
    for (int i = 0; i < MEMO_REGISTERS; i++) {
        if (i < 4 || i == 12 || i == LR) {
            cpu_set_reg(b, registers[i], outcome->r[i]);
        }
    }
    cpu_set_pc(b, call->r[LR] & ~1u);
    b->line = outcome->line;
    b->next_line_ready = began + outcome->next_line_ready;
    b->pc = outcome->pc;
    b->seq_pc = outcome->seq_pc;
    b->flash_pc = outcome->flash_pc;
    b->opcode = (uint16_t)outcome->opcode;
    b->prev_class = (uint16_t)outcome->prev_class;
    b->instructions += outcome->instructions;
    b->counters.left_out += outcome->instructions;
}

// As a core that sleeps: events are on time, and power may go.
static void pass(struct board *b) {
    uint64_t next = ev_next(b);
    uint64_t cycle = cycle_at(b, next < b->limit_ps ? next : b->limit_ps);
    uint64_t arrival = b->cyc + b->call->left;
    cycle = cycle < b->cut_cycle ? cycle : b->cut_cycle;
    cycle = cycle > b->cyc ? cycle : b->cyc + 1;
    cycle = cycle < arrival ? cycle : arrival;
    b->call->left = arrival - cycle;
    b->cyc = cycle;
    if (cycle == arrival) {
        land(b);
    }
}

bool memo_busy(const struct board *b) {
    return b->call && (b->call->entered || b->call->computing);
}

bool memo_step(struct board *b) {
    struct memo_call *call = b->call;
    if (!call || !(call->entered || call->computing)) {
        return false;
    }
    uint32_t pc = cpu_reg(b, UC_ARM_REG_PC);
    if (call->computing) {
        if (pc == (call->r[LR] & ~1u) && cpu_reg(b, UC_ARM_REG_SP) == call->r[SP]) {
            end(b);
        } else {
            watch_end(b); // idle.c watches for other ends
        }
        return b->state != BOARD_RUNNING;
    }
    if (pc != memo_address(b)) { // an interrupt's handler
        call->entered = false;
        return false;
    }
    if (!call->passing) {
        begin(b);
    }
    if (call->passing) {
        pass(b);
    }
    return call->passing;
}
