// Exceptions: one letter in, one experiment, its findings back as text.
#include "faults.h"
#include "regs.h"

static volatile uint32_t order, ticks, extra;
static uint32_t psp_stack[64];

static void mark(uint32_t digit) {
    order = order * 10 + digit;
}

void irq6(void) // lowest: raises a higher one, which must come before it ends
{
    mark(1);
    NVIC_ISPR(0) = 1u << 7;
    __asm volatile("dsb; isb");
    mark(2);
}

void irq7(void) // middle: raises an equal one, which must wait
{
    mark(3);
    NVIC_ISPR(0) = 1u << 8;
    __asm volatile("dsb; isb");
    mark(4);
}

void irq8(void) {
    uint32_t ipsr;
    __asm volatile("mrs %0, ipsr" : "=r"(ipsr));
    mark(ipsr == 24 ? 5 : 9);
}

void svc(void) {
    extra = 0x5C;
}

void pendsv(void) {
    mark(7);
}

void systick(void) {
    ticks++;
}

__attribute__((naked)) void busfault(void) {
    __asm volatile("mov r0, sp; push {r4, lr}; bl fault; ldr r3, =extra; movs r2, #0xBF;"
                   "str r2, [r3]; pop {r4, pc}");
}

static void nested(void) {
    order = 0;
    NVIC_IPR(6) = 0x80;
    NVIC_IPR(7) = 0x40;
    NVIC_IPR(8) = 0x40;
    NVIC_ISER(0) = 7u << 6;
    NVIC_ISPR(0) = 1u << 6;
    __asm volatile("dsb; isb");
    put_hex(order); // 1, then 3 4, then 5, then 2
}

static void masks(void) {
    order = 0;
    __asm volatile("cpsid i");
    NVIC_ISPR(0) = 1u << 8;
    mark(6);
    __asm volatile("cpsie i; isb");
    __asm volatile("msr basepri, %0" ::"r"(0x40));
    NVIC_ISPR(0) = 1u << 8;
    mark(7);
    __asm volatile("msr basepri, %0; isb" ::"r"(0));
    put_hex(order); // 6 5 7 5
}

static void on_psp(void) {
    __asm volatile("msr psp, %0; mrs r1, control; orr r1, #2; msr control, r1; isb;"
                   "svc #0; mov r2, sp; str r2, [%1]; mrs r1, control; bic r1, #2;"
                   "msr control, r1; isb" ::"r"(psp_stack + 60),
                   "r"(&order)
                   : "r1", "r2", "memory");
    put_hex(extra);
    put_hex(order == (uint32_t)(psp_stack + 60)); // back on PSP, balanced
}

// Conditional code under interrupts every 97 cycles: IT state must survive entry and return.
static void it_blocks(void) {
    uint32_t wrong = 0;
    STK_LOAD = 96;
    STK_VAL = 0;
    STK_CTRL = 7;
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t a = 0, b = 0;
        __asm volatile("tst %2, #1; itete eq; moveq %0, #3; movne %0, #5; addeq %1, %0, #1;"
                       "addne %1, %0, #2"
                       : "+&r"(a), "+&r"(b)
                       : "r"(i)
                       : "cc");
        wrong += (i & 1u) ? (a != 5 || b != 7) : (a != 3 || b != 4);
    }
    STK_CTRL = 0;
    put_hex(wrong);
    put_hex(ticks > 1000);
}

// Floating-point arithmetic in software lives on conditional instructions that set flags.
static void floating_point(void) {
    uint32_t wrong = 0;
    volatile double third = 3.0;
    for (uint32_t i = 1; i < 4000; i++) {
        double product = (double)i * third;
        wrong += (uint32_t)(product - i) != 2 * i;
    }
    put_hex(wrong);
}

static void sleep_wfi(void) {
    uint32_t before = ticks;
    STK_LOAD = 64000 - 1;
    STK_VAL = 0;
    STK_CTRL = 7;
    for (int i = 0; i < 10; i++) {
        __asm volatile("wfi");
    }
    put_hex(ticks - before);
    __asm volatile("cpsid i; wfi; cpsie i; isb"); // wakes without entering
    put_hex(ticks - before);
    __asm volatile("sev; wfe; wfe"); // the first passes, the second waits for an interrupt
    put_hex(ticks - before);
    STK_CTRL = 0;
}

static void systick_registers(void) {
    STK_CTRL = 0;
    STK_LOAD = 1000;
    STK_VAL = 5;
    put_hex(STK_VAL); // any write clears
    STK_CTRL = 5;
    uint32_t a = STK_VAL, b = STK_VAL;
    put_hex(a > b && b > 900);
    while (!(STK_CTRL & 1u << 16)) {
    }
    put_hex(STK_CTRL >> 16); // COUNTFLAG went with the read before
    // Two periods with the handler masked: one pending, not two.
    uint32_t before = ticks;
    __asm volatile("cpsid i");
    STK_CTRL = 7;
    for (volatile int i = 0; i < 2000; i++) {
    }
    STK_CTRL = 0;
    __asm volatile("cpsie i; isb");
    put_hex(ticks - before);
}

static void __attribute__((naked)) store_at(uint32_t address) {
    __asm volatile("str r0, [r0]; nop; nop; bx lr");
    (void)address;
}

static void __attribute__((naked)) load_at(uint32_t address) {
    __asm volatile("ldr r1, [r0]; nop; nop; bx lr");
    (void)address;
}

static uint16_t code[8] __attribute__((aligned(4)));

// Code written, run, written again and run again.
static void rewritten_code(void) {
    uint32_t (*run)(void) = (uint32_t(*)(void))((uint32_t)code | 1u);
    uint32_t sum = 0;
    for (uint32_t i = 1; i <= 50; i++) {
        code[0] = (uint16_t)(0x2000u | i); // movs r0, #i
        code[1] = 0x4770;                  // bx lr
        __asm volatile("dsb; isb" ::: "memory");
        sum += run();
    }
    put_hex(sum);
}

static void bit_band(void) {
    static volatile uint32_t word;
    volatile uint32_t *bit =
        (volatile uint32_t *)(0x22000000u + ((uint32_t)&word - 0x20000000u) * 32);
    word = 0xF0;
    bit[0] = 1;
    bit[7] = 0;
    put_hex(word);
    put_hex(bit[6]);
    put_hex(*(volatile uint32_t *)(0x42000000u + 0x21000u * 32 + 25 * 4)); // RCC_CR.PLLRDY
}

static void unaligned(void) {
    static uint32_t words[4] = {0x33221100, 0x77665544};
    uint32_t v, at = (uint32_t)words + 1;
    __asm volatile("ldr %0, [%1]" : "=r"(v) : "r"(at));
    put_hex(v); // single accesses may be unaligned
    skip = 4;
    __asm volatile("ldrd r2, r3, [%0]" ::"r"(at) : "r2", "r3");
    report_fault();
}

// The handler goes on at the return address, in Thumb state.
static void null_call(void) {
    resume = 1;
    __asm volatile("movs r3, #0; blx r3" ::: "r0", "r1", "r2", "r3", "r12", "lr", "memory");
    resume = 0;
}

static void command(int c) {
    skip = 2;
    faults = 0;
    switch (c) {
    case 'n':
        nested();
        break;
    case 'm':
        masks();
        break;
    case 'p':
        on_psp();
        break;
    case 'i':
        it_blocks();
        break;
    case 'j':
        floating_point();
        break;
    case 'w':
        sleep_wfi();
        break;
    case 's':
        systick_registers();
        break;
    case 'c':
        rewritten_code();
        break;
    case 'B':
        bit_band();
        break;
    case 'a':
        unaligned();
        break;
    case 'v': // PendSV from ICSR
        order = 0;
        SCB_ICSR = 1u << 28;
        __asm volatile("dsb; isb");
        put_hex(order);
        break;
    case 'l': // precise bus fault, escalated
        load_at(0x20020000);
        report_fault();
        break;
    case 't': // store: imprecise, the core is past it
        skip = 0;
        store_at(0x20020000);
        report_fault();
        break;
    case 'b': // the same with BusFault enabled
        SCB_SHCSR = 1u << 17;
        extra = 0;
        load_at(0x30000000);
        SCB_SHCSR = 0;
        report_fault();
        put_hex(extra);
        break;
    case 'u':
        __asm volatile(".short 0xDE00");
        report_fault();
        break;
    case '0': // a null function pointer
        null_call();
        report_fault();
        break;
    case 'k':
        __asm volatile("bkpt #0");
        report_fault();
        break;
    case 'x': // execute never
        ((void (*)(void))0x40000001)();
        report_fault();
        break;
    case 'L': // fault in the handler of a fault
        skip = 0;
        saved_pc = 0;
        __asm volatile("cpsid f; ldr r0, =0x30000000; ldr r0, [r0]" ::: "r0");
        break;
    case 'S': // stack outside RAM
        __asm volatile("ldr r0, =0x10000000; mov sp, r0; svc #0" ::: "r0");
        break;
    default:
        put('?');
    }
    put('\n');
}

void main_(void) {
    clock_64mhz();
    uart_open(64000000 / 115200);
    SCB_SHPR(11) = 0x20;
    SCB_SHPR(14) = 0xF0;
    put_str("core\n");
    for (;;) {
        command(get());
    }
}
