// The app kit: lets an application be updated while it runs. 2.6 to 3.5 KB of flash, 0.5 KB of RAM
// and 400 to 600 bytes of stack (docs/integrating.md has them as measured).
//
// 1. Keep a struct iap_app in RAM and call iap_app_init early in main.
// 2. Give every byte that the UART receives to iap_app_receive: in the reception interrupt, in the
// main loop or in a task.
// 3. Call iap_app_confirm once the application has proven itself, if its package says so.
//
// One context at a time may be in iap_app_receive. iap_app_confirm may run meanwhile in a lower
// one: what they share is in flash. Privileged code only: entering the bootloader is a reset.
//
// linker/app.ld keeps the mailbox free. Without it the kit works as well; what the bootloader
// reported there, struct iap_app's report, is then lost if the application's variables lie over it.
// docs/integrating.md leads through all of it.
#ifndef IAP_APP_H
#define IAP_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#include "iap_frame.h"
#include "iap_identity.h"
#include "iap_mailbox.h"
#include "iap_port.h"
#include "iap_record.h"

#define IAP_APP_MAX_PAYLOAD 32u // enough for what an application answers

// What the application provides. The board's facts must be the bootloader's:
//
//     _Alignas(4) static const uint8_t facts[] = IAP_BOARD_FACTS; // iap_board.h of the board
//
// Without facts the kit takes the six that follow. Pointers must stay valid, and what is not used
// be 0.
struct iap_app_config {
    const char *part;         // 16 characters count
    const uint8_t *unique_id; // 12 bytes
    uint32_t page_size;       // bytes
    uint32_t app_base;        // first address of the application
    uint32_t app_end;         // first address behind the application area
    uint32_t default_rate;    // of the bootloader; the application may use another [baud]

    // Sends an answer in pieces; may queue them, or wait for the line (some 25 ms at 115200 baud).
    iap_emit *send;

    // Returns when the last byte has left the line, at latest after 100 ms.
    void (*flush)(void *context);

    // Programs the half-word at an even flash address, which need not be erased when value is 0.
    // false: the flash controller reports an error. NULL if iap_app_confirm is not used.
    bool (*program)(void *context, uint32_t address, uint16_t value);

    void *context; // passed to each of them

    // As above; NULL: iap check, pack and flash can not tell for which board the image is made.
    const uint8_t *facts;

    // Called at each ENTER, where iap_app_receive is. true: the bootloader is entered. false: not
    // now; the application goes on, and the host is told to ask again later, with *detail, a number
    // of the application's own (0 if it sets none). Must not wait. NULL: always true.
    bool (*may_enter)(void *context, uint32_t *detail);

    // IAP_BOARD_CAPABILITIES of iap_board.h where there is one: on a half-duplex pair a host must
    // know. There send switches the driver on with an answer's first byte, 0x00, and off when its
    // last one, 0x00 again, has left; and the application prints nothing unasked.
    uint32_t capabilities;
};

// Only report is for the application to read: why the bootloader last stayed (enum iap_stay), and
// RCC_CSR as its first pass found it. All zero if there is none.
struct iap_app {
    struct iap_app_config config;
    struct iap_config core_config;
    struct iap_port core_port;
    struct iap_identity identity;
    struct iap_decoder decoder;
    struct iap_mailbox report;
    uint8_t frame[IAP_APP_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
    uint8_t answer[IAP_HELLO_RESPONSE_SIZE + IAP_FRAME_OVERHEAD];
};

// Puts the vector table at app_base in force, for an application that a debugger starts; the
// bootloader has done it already, and twice is harmless. To be called first of all in the reset
// handler, with IAP_BOARD_APP_BASE.
#if __ARM_ARCH == 6
// The table is copied to the first 192 bytes of SRAM, which linker/app.ld leaves free.
void iap_app_use_vectors(uint32_t app_base);
#else
// VTOR. In the place of the call, where iap check sees which value is stored.
#define iap_app_use_vectors(app_base)                                                              \
    do {                                                                                           \
        *(volatile uint32_t *)0xe000ed08u = (app_base);                                            \
        __asm volatile("dsb" ::: "memory");                                                        \
    } while (0)
#endif

// Takes the bootloader's report out of the mailbox and reads the identity. Copies *config. Call it
// before the first byte is given to iap_app_receive.
void iap_app_init(struct iap_app *app, const struct iap_app_config *config);

// Takes one received byte; anything that is no frame for this device is left out. Answers HELLO
// through send, refuses what only the bootloader does, and answers ENTER by a reset into the
// bootloader, from which it does not return, unless may_enter says no.
void iap_app_receive(struct iap_app *app, uint8_t byte);

// Confirms the running image. true: it is confirmed, now or before. false: nothing to confirm is
// recorded, as when a debugger loaded the image, or a half-word could not be programmed; calling it
// again is safe. Programs up to three half-words, during which code in flash stands still: about
// 60 us each. The flash controller must not be in use, and HSI must be on.
bool iap_app_confirm(struct iap_app *app);

// Resets into the bootloader, which stays until a host or its idle time-out (10 s) ends that. It
// writes the mailbox with interrupts masked, so any other use of those 32 bytes ends here. Does not
// ask may_enter.
__attribute__((noreturn)) void iap_app_enter_bootloader(void);

#ifdef __cplusplus
}
#endif

#endif
