// Leaving out reads of FLASH_SR: code in RAM that waits for BSY looks some hundred times for each
// half-word, and the computer would compute each look.
//
// It leaves out rounds of a loop that it has seen and read. Seen: between two of its looks, in as
// many cycles and instructions as before, one register at most has changed, by the same step as
// before. Read: the loop does nothing but load SR, test, count and branch, and what it counts is
// counted and compared only. So a round can differ from the last one only where the counter meets
// zero, the sign, or what it is compared with, and no such round is left out, nor one in which a
// device has something to do. All is bit for bit what it would be.
#include <string.h>

#include "fpec.h"
#include "internal.h"

#define FLASH_SR      0x4002200Cu
#define MOST_ROUND    16u // instructions; no loop that only polls has more
#define MARGIN_ROUNDS 2u  // before the counter meets something

#define NONE POLL_REGISTERS

static const int registers[POLL_REGISTERS] = {
    UC_ARM_REG_R0,  UC_ARM_REG_R1,  UC_ARM_REG_R2,  UC_ARM_REG_R3, UC_ARM_REG_R4,
    UC_ARM_REG_R5,  UC_ARM_REG_R6,  UC_ARM_REG_R7,  UC_ARM_REG_R8, UC_ARM_REG_R9,
    UC_ARM_REG_R10, UC_ARM_REG_R11, UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR};

// What an instruction reads, beyond the flags; it writes registers and flags only.
struct reading {
    unsigned n, m;  // NONE: nothing
    bool counts;    // adds to N, or compares N with M or `value`
    uint32_t value; // that N is compared with
};

static unsigned low(uint16_t hw, unsigned shift) {
    return hw >> shift & 7u;
}

static bool loads_sr(const struct board *b, unsigned base, uint32_t offset) {
    return b->poll.r[base] + offset == FLASH_SR;
}

// ARM DDI 0406, A6.2: false for what is not known to be harmless.
static bool read_16(const struct board *b, uint16_t hw, struct reading *out) {
    *out = (struct reading){.n = NONE, .m = NONE};
    if (hw < 0x1800) { // LSLS, LSRS, ASRS by a number, MOVS
        out->n = low(hw, 3);
    } else if (hw >= 0x1C00 && hw < 0x2000) { // ADDS, SUBS: Rd, Rn, #imm3
        out->n = low(hw, 3);
        out->counts = low(hw, 0) == low(hw, 3);
    } else if (hw >= 0x2000 && hw < 0x2800) { // MOVS #imm8
        return true;
    } else if (hw >= 0x2800 && hw < 0x3000) { // CMP #imm8
        out->n = low(hw, 8);
        out->counts = true;
        out->value = hw & 0xFFu;
    } else if (hw >= 0x3000 && hw < 0x4000) { // ADDS, SUBS: Rdn, #imm8
        out->n = low(hw, 8);
        out->counts = true;
    } else if ((hw & 0xFFC0) == 0x4000 || (hw & 0xFFC0) == 0x4200) { // ANDS, TST
        out->n = low(hw, 0);
        out->m = low(hw, 3);
    } else if ((hw & 0xFFC0) == 0x4280) { // CMP
        out->n = low(hw, 0);
        out->m = low(hw, 3);
        out->counts = true;
    } else if (hw >= 0x6800 && hw < 0x7000) { // LDR #imm5
        out->n = low(hw, 3);
        return loads_sr(b, out->n, (hw >> 6 & 31u) * 4u);
    } else {
        return hw == 0xBF00; // NOP
    }
    return true;
}

static bool read_32(const struct board *b, uint16_t hw1, uint16_t hw2, struct reading *out) {
    *out = (struct reading){.n = hw1 & 15u, .m = NONE};
    if (out->n == 15) {
        return false;
    }
    if ((hw1 & 0xFFF0) == 0xF8D0 && (hw2 >> 12) < 13) { // LDR #imm12
        return loads_sr(b, out->n, hw2 & 0xFFFu);
    }
    return (hw1 & 0xFBF0) == 0xF010 && (hw2 & 0x8F00) == 0x0F00; // TST #imm
}

// Rounds until the counter is where another is; MARGIN_ROUNDS before that.
static uint32_t rounds_to(const struct poll *p, uint32_t value) {
    uint32_t now = p->r[p->counter];
    uint32_t way = p->step < 0 ? now - value : value - now;
    uint32_t step = p->step < 0 ? 0u - (uint32_t)p->step : (uint32_t)p->step;
    uint32_t rounds = way / step;
    return rounds > MARGIN_ROUNDS ? rounds - MARGIN_ROUNDS : 0;
}

static uint32_t fewer(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

// How many rounds the instruction is good for: the same but for the counter.
static uint32_t rounds_of(const struct poll *p, const struct reading *in) {
    bool n = in->n == p->counter && in->n != NONE, m = in->m == p->counter && in->m != NONE;
    if (!n && !m) {
        return UINT32_MAX;
    }
    if (!in->counts || (n && m)) {
        return 0;
    }
    uint32_t zero = fewer(rounds_to(p, 0), rounds_to(p, 0x80000000u));
    uint32_t other = in->m == NONE ? in->value : p->r[n ? in->m : in->n];
    return fewer(zero, fewer(rounds_to(p, other), rounds_to(p, other + 0x80000000u)));
}

static const uint8_t *code_at(struct board *b, uint32_t pc) {
    return bus_memory(b, pc, 4, false);
}

// How many rounds of the loop are alike. `pc` is behind the load.
static uint32_t rounds_alike(struct board *b, uint32_t pc) {
    const struct poll *p = &b->poll;
    uint32_t rounds = UINT32_MAX;
    uint32_t end = pc + 4 * MOST_ROUND, at = pc;
    bool turned = false;
    unsigned count = 0;
    do {
        const uint8_t *code = at < end ? code_at(b, at) : NULL;
        if (!code || ++count > p->round_instructions) {
            return 0;
        }
        uint16_t hw[2];
        memcpy(hw, code, 4);
        bool conditional = (hw[0] & 0xF000) == 0xD000 && (hw[0] & 0x0F00) < 0x0E00;
        if (conditional || (hw[0] & 0xF800) == 0xE000) {
            int32_t way =
                conditional ? (int8_t)(hw[0] & 0xFF) * 2 : (int32_t)((uint32_t)hw[0] << 21) >> 20;
            uint32_t to = at + 4 + (uint32_t)way;
            if (to <= at) { // back to the beginning, once
                if (turned) {
                    return 0;
                }
                turned = true;
                at = to;
            } else if (conditional) { // the way out, not taken: no round would be left out then
                at += 2;
            } else {
                return 0;
            }
            continue;
        }
        struct reading in;
        bool wide = hw[0] >= 0xE800;
        if (wide ? !read_32(b, hw[0], hw[1], &in) : !read_16(b, hw[0], &in)) {
            return 0;
        }
        rounds = fewer(rounds, rounds_of(p, &in));
        at += wide ? 4 : 2;
    } while (at != pc);
    return count == p->round_instructions && turned ? rounds : 0;
}

// Compares with the look before. True: it was a round like the one before that.
static bool another_round(struct board *b, uint32_t pc) {
    struct poll *p = &b->poll;
    struct poll now = {.pc = pc, .cyc = b->cyc, .instructions = b->instructions, .counter = NONE};
    now.xpsr = cpu_reg(b, UC_ARM_REG_XPSR);
    unsigned changed = 0;
    for (unsigned i = 0; i < POLL_REGISTERS; i++) {
        now.r[i] = cpu_reg(b, registers[i]);
        if (now.r[i] != p->r[i]) {
            changed++;
            now.counter = i;
            now.step = (int32_t)(now.r[i] - p->r[i]);
        }
    }
    now.round_cycles = now.cyc - p->cyc;
    now.round_instructions = now.instructions - p->instructions;
    bool alike = pc == p->pc && changed <= 1 && now.xpsr == p->xpsr && now.counter == p->counter &&
                 now.step == p->step && now.round_cycles == p->round_cycles &&
                 now.round_instructions == p->round_instructions;
    *p = now;
    return alike;
}

// A load from FLASH_SR has given BSY.
void flash_poll_seen(struct board *b) {
    if (b->pc >= SRAM_BASE && !b->cfg.every_poll && !b->trying && !memo_busy(b)) {
        b->attention |= ATTN_POLL;
    }
}

// Before the instruction behind such a load
void flash_poll_step(struct board *b) {
    if (!(b->attention & ATTN_POLL)) {
        return;
    }
    b->attention &= ~ATTN_POLL;
    uint32_t pc = cpu_reg(b, UC_ARM_REG_PC);
    if (!b->fpec.busy || pc != b->seq_pc || !another_round(b, pc)) {
        return;
    }
    struct poll *p = &b->poll;
    uint64_t next = ev_next(b);
    uint64_t end = cycle_at(b, next < b->limit_ps ? next : b->limit_ps);
    end = end < b->cut_cycle ? end : b->cut_cycle;
    uint64_t rounds = end > b->cyc ? (end - 1 - b->cyc) / p->round_cycles : 0;
    uint32_t most = rounds ? rounds_alike(b, pc) : 0;
    rounds = rounds < most ? rounds : most;
    b->cyc += rounds * p->round_cycles;
    b->instructions += rounds * p->round_instructions;
    b->counters.left_out += rounds * p->round_instructions;
    p->cyc = b->cyc;
    p->instructions = b->instructions;
    if (p->counter != NONE) {
        p->r[p->counter] += (uint32_t)rounds * (uint32_t)p->step;
        cpu_set_reg(b, registers[p->counter], p->r[p->counter]);
    }
}
