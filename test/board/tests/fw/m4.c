// Cortex-M4 of an STM32F303: floating point and exceptions, CCM RAM. One letter, one experiment.
#include "faults.h"
#include "regs_v2.h"

#define CPACR REG(0xE000ED88)
#define FPCCR REG(0xE000EF34)
#define FPCAR REG(0xE000EF38)
#define CONTROL                                                                                    \
    ({                                                                                             \
        uint32_t c_;                                                                               \
        __asm volatile("mrs %0, control" : "=r"(c_));                                              \
        c_;                                                                                        \
    })

static volatile uint32_t handler_lr, handler_frame[26], handler_fpccr, handler_control;
static volatile uint32_t spoils; // the handler uses floating point too

static __attribute__((used)) void in_handler(const uint32_t *frame, uint32_t lr) {
    handler_lr = lr;
    handler_control = CONTROL;
    handler_fpccr = FPCCR;
    if (spoils) {
        __asm volatile("vmov s0, %0; vmov s5, %0; vmov s15, %0; vmsr fpscr, %0" ::"r"(0x10000000)
                       : "s0", "s5", "s15");
    }
    for (int i = 0; i < 26; i++) {
        handler_frame[i] = frame[i];
    }
}

__attribute__((naked)) void irq6(void) {
    __asm volatile("mov r0, sp; mov r1, lr; push {r4, lr}; bl in_handler; pop {r4, pc}");
}

static void raise(void) {
    NVIC_ISER(0) = 1u << 6;
    NVIC_ISPR(0) = 1u << 6;
    __asm volatile("dsb; isb");
}

// Are s0, s5 and s15 what they were; what did the handler see.
static void interrupted(void) {
    uint32_t a, b, c, sp0, sp1;
    uint32_t *frame;
    __asm volatile("mov %0, sp" : "=r"(sp0));
    __asm volatile("vmov s0, %0; vmov s5, %1; vmov s15, %2" ::"r"(0x11), "r"(0x22), "r"(0x33)
                   : "s0", "s5", "s15");
    raise();
    __asm volatile("vmov %0, s0; vmov %1, s5; vmov %2, s15" : "=r"(a), "=r"(b), "=r"(c));
    __asm volatile("mov %0, sp" : "=r"(sp1));
    frame = (uint32_t *)handler_frame;
    put_hex(a << 16 | b << 8 | c);
    put_hex(handler_lr);
    put_hex(handler_control);
    put_hex(handler_fpccr & 1u);
    put_hex(frame[8] == 0x11 && frame[13] == 0x22 && frame[23] == 0x33);
    put_hex(sp0 == sp1);
    put_hex(CONTROL);
}

// The same on the process stack, as a task of an RTOS; the handler's is 1 KB further down.
static void on_process_stack(void) {
    __asm volatile("mov r0, sp; msr psp, r0; mrs r1, control; orr r1, #2; msr control, r1; isb;"
                   "sub r0, #1024; msr msp, r0" ::
                       : "r0", "r1", "memory");
    interrupted();
    __asm volatile("mov r0, sp; msr msp, r0; mrs r1, control; bic r1, #2; msr control, r1; isb" ::
                       : "r0", "r1", "memory");
}

static void without_floating_point(void) {
    __asm volatile("mrs r0, control; bic r0, #4; msr control, r0; isb" ::: "r0");
    raise();
    put_hex(handler_lr);
    put_hex(CONTROL);
}

static void fp_while_off(void) {
    CPACR = 0;
    skip = 4;
    __asm volatile("vmov s0, r0");
    report_fault();
    __asm volatile("vldr s0, [sp]");
    report_fault();
}

static void fp_unaligned(void) {
    skip = 4;
    __asm volatile("vldr s0, [%0]" ::"r"(0x20000102) : "s0");
    report_fault();
}

static void fp_on(void) {
    volatile float x = 1.5f, y = 2.25f;
    CPACR = 0xFu << 20;
    __asm volatile("dsb; isb");
    put_hex((uint32_t)(x * y * 1000.0f));
    put_hex(CONTROL);
}

static void ccm(void) {
    volatile uint32_t *ram = (volatile uint32_t *)0x10000000;
    uint16_t *code = (uint16_t *)0x10000100;
    ram[0] = 0xCAFE;
    ram[2047] = 0xBABE;
    put_hex(ram[0] << 16 | ram[2047]);
    code[0] = 0x2007; // movs r0, #7
    code[1] = 0x4770; // bx lr
    __asm volatile("dsb; isb" ::: "memory");
    uint32_t a = ((uint32_t(*)(void))0x10000101)();
    code[0] = 0x2009;
    __asm volatile("dsb; isb" ::: "memory");
    put_hex(a << 8 | ((uint32_t(*)(void))0x10000101)());
    skip = 2;
    __asm volatile("ldr r3, [%0]" ::"r"(0x10002000) : "r3");
    report_fault();
    // A stack there, with an interrupt on it.
    __asm volatile("mov r4, sp; mov sp, %0; push {r4}" ::"r"(0x10001F00) : "r4");
    raise();
    __asm volatile("pop {r4}; mov sp, r4" ::: "r4");
    put_hex(handler_lr);
}

static void dma_to_ccm(void) {
    RCC_AHBENR |= 1;
    DMA_CPAR(5) = USART_RDR_ADDR;
    DMA_CMAR(5) = 0x10000000;
    DMA_CNDTR(5) = 4;
    DMA_CCR(5) = 0x81;
    USART_CR3 |= 1u << 6;
}

void main_(void) {
    clock_start();
    uart_open(115200);
    put_str("m4\n");
    for (;;) {
        faults = 0;
        switch (get()) {
        case 'f':
            fp_while_off();
            break;
        case 'u':
            fp_unaligned();
            break;
        case 'e':
            fp_on();
            break;
        case 'l': // lazy
            FPCCR = 3u << 30;
            interrupted();
            break;
        case 'E': // at once
            FPCCR = 1u << 31;
            interrupted();
            break;
        case 'p':
            FPCCR = 3u << 30;
            on_process_stack();
            break;
        case 's':
            spoils = 1;
            break;
        case 'n':
            without_floating_point();
            break;
        case 'c':
            ccm();
            break;
        case 'd':
            dma_to_ccm();
            break;
        case 'V':
            SCB_VTOR = 0x08008000;
            put_hex(SCB_VTOR);
            SCB_VTOR = 0x08000000;
            put_hex(REG(0xE000ED00));
            put_hex(REG(0xE0042000) & 0xFFFu);
            break;
        default:
            put('?');
        }
        put('\n');
    }
}
