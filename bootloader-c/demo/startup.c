// The demo's own vector table and reset handler, as any application has them.
#include "cortexm.h"

extern uint32_t _estack[];
extern uint32_t _sdata[];
extern uint32_t _edata[];
extern const uint32_t _sidata[];
extern uint32_t _sbss[];
extern uint32_t _ebss[];

int main(void);
void systick_handler(void);
void usart1_handler(void);
_Noreturn void Reset_Handler(void);

#define USART1_VECTOR (16 + 37) // RM0008, table 63

_Noreturn void Reset_Handler(void) {
    const uint32_t *from = _sidata;
    for (uint32_t *to = _sdata; to < _edata; to++) {
        *to = *from++;
    }
    for (uint32_t *to = _sbss; to < _ebss; to++) {
        *to = 0;
    }
    (void)main();
    system_reset();
}

static void unexpected(void) {
    for (;;) {
    }
}

typedef void handler(void);

__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack_top;
    handler *handlers[USART1_VECTOR];
} vectors = {
    _estack,
    {
        [0] = Reset_Handler,
        [1] = unexpected,
        [2] = unexpected,
        [3] = unexpected,
        [4] = unexpected,
        [5] = unexpected,
        [14] = systick_handler,
        [USART1_VECTOR - 1] = usart1_handler,
    },
};
