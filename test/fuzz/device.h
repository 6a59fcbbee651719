// The simulated device with a second look at everything it does: what it writes, says and starts is
// held against docs/protocol.md. A rule that is broken ends the program.
#ifndef DEVICE_H
#define DEVICE_H

#include "program.h"
#include "sim.h"

// Whether it takes signed images alone: fuzz-signed.
#ifndef DEVICE_SIGNED
#define DEVICE_SIGNED 0
#endif

struct device {
    struct sim sim;
    uint32_t app_size; // bytes
    uint8_t address;   // bus address
    uint32_t rate;     // after a reset
    uint8_t product[16];
    bool packages_only;    // takes only packages made for it
    uint32_t worn_from;    // cells at [worn_from, worn_to) can be erased but not programmed
    uint32_t worn_to;      //
    bool worn_silent;      // and the hardware does not say so
    bool confirms;         // the application confirms itself
    bool enters;           // the application resets with ENTER
    bool rotten;           // the record was damaged from outside: VALID no longer means much
    bool stale_start;      // a START that this pass did not write
    bool wrong_token;      // one that names no entry
    bool app_rotten;       // the application was damaged from outside since END verified it
    bool keys_rotten;      // the key block was damaged from outside
    uint32_t floor;        // of the security counter, of signed images
    uint8_t usable;        // keys that are not revoked
    uint32_t starts;       // of applications
    uint32_t answers;      // received
    uint8_t last_status;   // of the newest answer
    uint16_t next;         // of the newest answer to DATA
    uint32_t detail;       //
    uint32_t sequence;     // of the newest entry that was installed
    bool valid;            // it had VALID
    uint32_t line_bytes;   // sent to it
    uint32_t attempts;     // to erase or program
    uint32_t attempts_end; // the same when the newest request was worked through
};

extern struct device device;

void device_init(void);

// A factory-fresh device for the next input. Only what the last input changed is put right.
void device_fresh(const struct program_config *config);

// Reset: the second pass if the mailbox asks for it, then the first.
void device_reset(void);

// Power is gone: SRAM is lost, then as device_reset.
void device_power_lost(void);

// Bytes for the device. They wait until it runs.
void device_receive(const uint8_t *bytes, size_t size);

// Whether the device has heard and worked through all that was sent, to a delimiter.
bool device_idle(void);

// Lets the bootloader run, at least steps times, until all received bytes are worked through. If it
// starts the application, that runs and resets.
void device_run(uint32_t steps);

// Changes flash from outside.
void device_rot(uint32_t address, uint8_t flip);

// The key block in flash.
const uint8_t *device_keys(void);

// IAP_CAPABILITY_* that it must have.
uint32_t device_capabilities(void);

// Whether it could take a signed image: identity and keys are right.
bool device_takes_signed(void);

#endif
