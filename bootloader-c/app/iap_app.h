// The app kit: lets an application be updated while it runs.
//
// 1. Keep a struct iap_app in RAM and call iap_app_init early in main.
// 2. Give every byte that the UART receives to iap_app_receive, in the reception interrupt or out
// of a queue.
// 3. Call iap_app_confirm once the application has proven itself, if its image wants confirmation.
//
// Link with linker/app.ld, which leaves the mailbox alone.
#ifndef IAP_APP_H
#define IAP_APP_H

#include "iap_frame.h"
#include "iap_identity.h"
#include "iap_mailbox.h"
#include "iap_port.h"
#include "iap_record.h"

#define IAP_APP_MAX_PAYLOAD 32u // enough for what an application answers

// What the application provides.
struct iap_app_config {
    const char *part;
    const uint8_t *unique_id; // 12 bytes
    uint32_t page_size;       // bytes
    uint32_t app_base;
    uint32_t app_end;
    uint32_t default_rate; // baud

    // Sends bytes; may queue them.
    iap_emit *send;

    // Returns when the last byte has left the line, at latest after 100 ms.
    void (*flush)(void *context);

    // Programs the half-word at an even address, for iap_app_confirm; NULL if that is not used.
    bool (*program)(void *context, uint32_t address, uint16_t value);

    void *context; // passed to the three
};

struct iap_app {
    struct iap_app_config config;
    struct iap_config core_config;
    struct iap_port core_port;
    struct iap_identity identity;
    struct iap_decoder decoder;
    struct iap_mailbox
        report; // why the bootloader last stayed, and the reset flags its first pass found
    uint8_t frame[IAP_APP_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
    uint8_t answer[IAP_HELLO_RESPONSE_SIZE + IAP_FRAME_OVERHEAD];
};

// Puts the vector table at app_base in force, for an application that a debugger starts; the
// bootloader has done it already, and twice is harmless. To be called first of all in the reset
// handler: on a Cortex-M0 the table is copied to the first 192 bytes of SRAM, which linker/app.ld
// leaves free.
void iap_app_use_vectors(uint32_t app_base);

// Takes the bootloader's report out of the mailbox and reads the identity. Call it before
// interrupts need the app kit.
void iap_app_init(struct iap_app *app, const struct iap_app_config *config);

// Takes one received byte; answers HELLO, and ENTER by a reset into the bootloader, from which it
// does not return.
void iap_app_receive(struct iap_app *app, uint8_t byte);

// Confirms the running image. true if it is confirmed, now or before. Programs one half-word: code
// in flash stands still for about 60 us.
bool iap_app_confirm(struct iap_app *app);

// Resets into the bootloader, which stays until a host or its idle time-out ends that.
_Noreturn void iap_app_enter_bootloader(void);

#endif
