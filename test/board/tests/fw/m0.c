// Cortex-M0: what it has not, and the remap that takes VTOR's place. One letter, one experiment.
#include "regs_v2.h"

static volatile uint32_t ram_vectors[48] __attribute__((section(".ramvectors"), aligned(4)));
static volatile uint32_t faults, saved_pc, skip, order, ticks, others;

static __attribute__((used)) void fault(uint32_t *frame) {
    faults++;
    saved_pc = frame[6];
    if (skip) {
        frame[6] += skip;
    } else { // back to the caller, in Thumb state
        frame[6] = frame[5] & ~1u;
        frame[7] |= 1u << 24;
    }
}

__attribute__((naked)) void hardfault(void) {
    __asm volatile("mrs r0, msp; ldr r1, 1f; bx r1; .align 2; 1: .word fault");
}

static void report(void) {
    put_hex(faults);
    put('\n');
}

static void mark(uint32_t digit) {
    order = order * 10 + digit;
}

void systick(void) {
    ticks++;
}

static void other_systick(void) {
    others++;
}

void svc(void) {
    mark(5);
}

void irq6(void) { // lowest: raises the next, which comes before it ends
    mark(1);
    NVIC_ISPR(0) = 1u << 7;
    __asm volatile("dsb; isb");
    mark(2);
}

void irq7(void) { // raises one of the same priority, as far as two bits tell
    mark(3);
    NVIC_ISPR(0) = 1u << 8;
    __asm volatile("dsb; isb");
    mark(4);
}

void irq8(void) {
    mark(6);
}

static void nested(void) {
    order = 0;
    REG(0xE000E404) = 0x5FC00000; // IRQ 6: 0xC0; IRQ 7: 0x5F, that is 0x40
    REG(0xE000E408) = 0x0000007F; // IRQ 8: 0x7F, that is 0x40
    put_hex(REG(0xE000E408));
    NVIC_ISER(0) = 7u << 6;
    NVIC_ISPR(0) = 1u << 6;
    __asm volatile("dsb; isb");
    put_hex(order);
    __asm volatile("svc #0");
    put_hex(order);
}

static void tick(void) {
    STK_LOAD = 999;
    STK_VAL = 0;
    STK_CTRL = 7;
    for (volatile int i = 0; i < 1000; i++) {
    }
    STK_CTRL = 0;
}

static uint32_t low(uint32_t address) {
    volatile uint32_t *p = (volatile uint32_t *)address;
    __asm volatile("" : "+r"(p)); // an address near 0 is no mistake here
    return *p;
}

static void remap(void) {
    volatile uint32_t *in_flash = (volatile uint32_t *)0x08000000;
    for (unsigned i = 0; i < 48; i++) {
        ram_vectors[i] = in_flash[i];
    }
    ram_vectors[15] = (uint32_t)other_systick;
    ticks = others = 0;
    tick();
    put_hex(ticks > 2 && !others);
    RCC_APB2ENR |= 1;
    SYSCFG_CFGR1 = 3;
    put_hex(low(0x3C) == (uint32_t)other_systick);
    ticks = 0;
    tick();
    put_hex(others > 2 && !ticks);
    volatile uint32_t *alias = (volatile uint32_t *)0x40;
    __asm volatile("" : "+r"(alias));
    *alias = 0x12345678; // goes to SRAM
    put_hex(ram_vectors[16] == 0x12345678);
    put_hex(SYSCFG_CFGR1);
    SYSCFG_CFGR1 = 0;
    put_hex(low(0x3C) == in_flash[15]);
}

// Each of these is a HardFault on this core.
static void refused(int c) {
    uint32_t at = 0x20000101, two = 2;
    (void)two;
    switch (c) {
    case 'w':
        __asm volatile("ldr r3, [%0]" ::"r"(at) : "r3");
        break;
    case 'h':
        __asm volatile("ldrh r3, [%0]" ::"r"(at) : "r3");
        break;
    case 's':
        __asm volatile("str r3, [%0]" ::"r"(at) : "r3");
        break;
    case 'm':
        __asm volatile("ldmia %0!, {r2, r3}" : "+r"(at)::"r2", "r3");
        break;
    case 'p': // an unaligned peripheral
        at = 0x40021002;
        __asm volatile("ldr r3, [%0]" ::"r"(at) : "r3");
        break;
    case 'W': // movw r3, #0
        skip = 4;
        __asm volatile(".short 0xF240, 0x0300");
        break;
    case 'd': // udiv r3, r3, r3
        skip = 4;
        __asm volatile(".short 0xFBB3, 0xF3F3");
        break;
    case 'l': // ldr.w r3, [pc]
        skip = 4;
        __asm volatile(".short 0xF8DF, 0x3000" ::: "r3");
        break;
    case 'b': // b.w
        skip = 4;
        __asm volatile(".short 0xF000, 0xB800");
        break;
    case 'x': // ldrex r3, [r3]
        skip = 4;
        __asm volatile("mov r3, sp; .short 0xE853, 0x3F00" ::: "r3");
        break;
    case 'z': // cbz r3, .+4
        __asm volatile("movs r3, #1; .short 0xB103; nop; nop" ::: "r3");
        break;
    case 'i': // it eq
        __asm volatile(".short 0xBF08; nop");
        break;
    case 'f': // cpsid f
        __asm volatile(".short 0xB671");
        break;
    case 'k':
        __asm volatile("bkpt #0");
        break;
    case 'u':
        __asm volatile(".short 0xDE00");
        break;
    case '0': // a call through a null pointer, to what is no Thumb address
        skip = 0;
        __asm volatile("movs r3, #0; blx r3" ::: "r0", "r1", "r2", "r3", "r12", "lr", "memory");
        break;
    case '1': // the same with SRAM there
        skip = 0;
        RCC_APB2ENR |= 1;
        for (unsigned i = 0; i < 48; i++) {
            ram_vectors[i] = REG(0x08000000 + 4 * i);
        }
        SYSCFG_CFGR1 = 3;
        __asm volatile("movs r3, #0; blx r3" ::: "r0", "r1", "r2", "r3", "r12", "lr", "memory");
        SYSCFG_CFGR1 = 0;
        break;
    case 'n': // nothing there
        at = 0x20010000;
        __asm volatile("ldr r3, [%0]" ::"r"(at) : "r3");
        break;
    default:
        put('?');
    }
}

static void allowed(void) {
    uint32_t v = 0x11223344, r, m;
    __asm volatile("rev %0, %1" : "=l"(r) : "l"(v));
    __asm volatile("uxtb %0, %1; revsh %0, %0; sxth %0, %0; nop; yield; sev; wfe; dmb; dsb; isb"
                   : "=l"(m)
                   : "l"(v));
    __asm volatile("mul %0, %1; cpsid i; cpsie i" : "+l"(m) : "l"(v));
    put_hex(r);
}

static void __attribute__((naked)) on_psp(uint32_t psp) {
    __asm volatile(
        "push {r4, lr}; msr psp, %0; movs r1, #2; msr control, r1; isb; svc #0;"
        "mov r4, sp; movs r1, #0; msr control, r1; isb; mov r0, r4; pop {r4, pc}" ::"r"(psp)
        : "r1", "memory");
}

static volatile uint32_t process_stack[32] __attribute__((aligned(8)));

static void psp(void) {
    uint32_t top = (uint32_t)(process_stack + 30), after;
    order = 0;
    on_psp(top);
    __asm volatile("mrs %0, psp" : "=r"(after));
    put_hex(order);
    put_hex(after == top);
    put_hex(process_stack[29] >> 24 & 1u); // xPSR of the frame: the T bit
}

static void sleep_wfi(void) {
    ticks = 0;
    STK_LOAD = HZ / 1000 - 1;
    STK_VAL = 0;
    STK_CTRL = 7;
    for (int i = 0; i < 5; i++) {
        __asm volatile("wfi");
    }
    put_hex(ticks);
    __asm volatile("cpsid i; wfi"); // wakes without entering
    put_hex(ticks);
    __asm volatile("cpsie i; isb");
    put_hex(ticks);
    STK_CTRL = 0;
}

// Cycles of 32 times something, from SRAM.
#define CYCLES(what)                                                                               \
    ({                                                                                             \
        uint32_t word_, from_ = STK_VAL;                                                           \
        __asm volatile(".rept 32\n" what "\n.endr" ::"r"(&word_) : "r3", "r4", "memory");          \
        from_ - STK_VAL;                                                                           \
    })

RAMCODE static void cycles(uint32_t *n) {
    STK_LOAD = 0xFFFFFF;
    STK_VAL = 0;
    STK_CTRL = 5;
    n[0] = CYCLES("");
    n[1] = CYCLES("nop");
    n[2] = CYCLES("ldr r3, [%0]");
    n[3] = CYCLES("str r3, [%0]");
    n[4] = CYCLES("mul r3, r4");
    n[5] = CYCLES("b 1f; nop; 1:");
    n[6] = CYCLES("push {r3, r4}");
    n[7] = CYCLES("pop {r3, r4}");
    n[8] = CYCLES("mrs r3, apsr");
    STK_CTRL = 0;
}

static void timing(void) {
    uint32_t n[9];
    cycles(n);
    for (int i = 1; i < 9; i++) {
        put_hex((n[i] - n[0] + 16) / 32); // what reading the counter costs differs a little
    }
}

static void mistakes(int c) {
    switch (c) {
    case 'B':
        __asm volatile(".short 0xF3EF, 0x8311" ::: "r3"); // mrs r3, basepri
        break;
    case 'C':
        (void)REG(0xE000ED28); // CFSR
        break;
    case 'I':
        REG8(0xE000E400) = 0; // priorities are words
        break;
    case 'G': // clock off
        RCC_APB2ENR &= ~1u;
        SYSCFG_CFGR1 = 3;
        break;
    case 'S':
        RCC_APB2ENR |= 1;
        SYSCFG_CFGR1 = 1;
        break;
    case 'E': // code in the alias
        RCC_APB2ENR |= 1;
        SYSCFG_CFGR1 = 3;
        ((void (*)(void))0x101)();
        break;
    default:
        put('?');
    }
    put_str("unnoticed\n");
}

void main_(void) {
    clock_start();
    uart_open(115200);
    put_str("m0 ");
    RCC_APB2ENR |= 1;
    put_hex(SYSCFG_CFGR1);
    put_hex(low(0x3C) == REG(0x0800003C));
    put('\n');
    for (;;) {
        int c = get();
        skip = 2;
        faults = 0;
        switch (c) {
        case '!': // the next letter is one that faults
            refused(get());
            report();
            break;
        case '?':
            mistakes(get());
            break;
        case 'p':
            psp();
            put('\n');
            break;
        case 'w':
            sleep_wfi();
            put('\n');
            break;
        case 't':
            timing();
            put('\n');
            break;
        case 'r':
            remap();
            put('\n');
            break;
        case 'n':
            nested();
            put('\n');
            break;
        case 'a':
            allowed();
            report();
            break;
        case 'v':
            SCB_VTOR = 0x08008000;
            put_hex(SCB_VTOR);
            put_hex(REG(0xE000ED00));
            put('\n');
            break;
        case 'R': // the remap does not outlive a reset
            SYSCFG_CFGR1 = 3;
            flush();
            SCB_AIRCR = 0x05FA0004;
            break;
        case 'L':                        // a fault in the handler of a fault
            ram_vectors[3] = 0x0800FFF1; // blank flash
            SYSCFG_CFGR1 = 3;
            __asm volatile(".short 0xDE00");
            break;
        default:
            put('?');
        }
    }
}
