// The demo's own vector table and reset handler, as any application has them.
#include "board.h"
#include "cortexm.h"
#include "iap_app.h"
#include "sections.h"
#include "vectors_found.h"

int main(void);
void systick_handler(void);
void usart_handler(void);
_Noreturn void Reset_Handler(void);

#define USART_VECTOR (16 + BOARD_USART_IRQ)

typedef void handler(void);

struct vector_table {
    uint32_t *stack_top;
    handler *handlers[USART_VECTOR];
};

uint32_t vectors_found;

static const struct vector_table vectors;

_Noreturn void Reset_Handler(void) {
    // The bootloader has put them in force. A debugger that starts this application has not.
    uint32_t found = vectors_address();
    iap_app_use_vectors((uint32_t)(uintptr_t)&vectors);
    sections_init();
    vectors_found = found;
    (void)main();
    system_reset();
}

static void unexpected(void) {
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const struct vector_table vectors = {
    _estack,
    {
        [0] = Reset_Handler,
        [1] = unexpected,
        [2] = unexpected,
        [3] = unexpected,
        [4] = unexpected,
        [5] = unexpected,
        [14] = systick_handler,
        [USART_VECTOR - 1] = usart_handler,
    },
};
