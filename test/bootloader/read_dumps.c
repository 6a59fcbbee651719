// The bootloader's own reading of identity and boot record, and what it then starts, for tests in
// other languages. In: dumps of flash, DUMP_SIZE bytes each, from the page with the identity block
// on. Out: a line of JSON for each.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iap.h"

#define DUMP_BASE 0x08006c00u
#define DUMP_SIZE 0x2400u
#define PAYLOAD   272u
#define LONGEST   2000u // ms; longer than any decision that flash alone makes
#define STEP_MS   5u

struct device {
    uint8_t *flash; // on the heap, so that the sanitizer sees a read beyond it
    uint32_t now_ms;
    bool started;
};

static uint32_t now_ms(void *context) {
    return ((struct device *)context)->now_ms;
}

static void poll(void *context) {
    (void)context;
}

static size_t receive(void *context, uint8_t *bytes, size_t size) {
    (void)context, (void)bytes, (void)size;
    return 0;
}

static const uint8_t *flash(void *context, uint32_t address) {
    return ((struct device *)context)->flash + (address - DUMP_BASE);
}

static bool program(void *context, uint32_t address, uint16_t value) {
    memcpy(((struct device *)context)->flash + (address - DUMP_BASE), &value, sizeof value);
    return true;
}

static void restart(void *context, const uint8_t *mailbox) {
    (void)mailbox;
    ((struct device *)context)->started = true;
}

static void print_entry(const char *name, const struct iap_entry *entry) {
    printf("\"%s\":", name);
    if (entry->slot == 0) {
        printf("null,");
    } else {
        printf("{\"address\":%u,\"sequence\":%u,\"crc32\":%u,\"states\":%u,\"trials\":%u},",
               entry->slot, entry->sequence, entry->crc32, entry->states, entry->trials);
    }
}

static void print_identity(const struct iap_identity *identity) {
    printf("\"identity\":");
    if (identity->product == NULL) {
        printf("null,");
        return;
    }
    printf("{\"product\":\"");
    for (uint32_t i = 0; i < 16; i++) {
        printf("%02x", identity->product[i]);
    }
    printf("\",\"hardware\":%u,\"address\":%u,\"flags\":%u},", identity->hardware,
           identity->address, identity->flags);
}

static void report(struct device *device) {
    static uint8_t buffers[3][1024];
    static const uint8_t unique_id[12];
    const struct iap_config config = {
        .part = "test",
        .unique_id = unique_id,
        .page_size = 1024,
        .app_base = IAP_APP_BASE,
        .app_end = DUMP_BASE + DUMP_SIZE,
        .ram_base = 0x20000000u,
        .ram_end = 0x20005000u,
        .default_rate = 115200,
        .max_rate = 921600,
        .window = 2560,
        .max_payload = PAYLOAD,
        .frame_buffer = buffers[0],
        .answer_buffer = buffers[1],
        .page_buffer = buffers[2],
        .listen_ms = IAP_LISTEN_MS,
        .idle_ms = IAP_IDLE_MS,
        .trials = 3,
    };
    const struct iap_port port = {
        .context = device,
        .now_ms = now_ms,
        .poll = poll,
        .receive = receive,
        .flash = flash,
        .program = program,
        .restart = restart,
    };
    const struct iap_target target = {&config, &port};
    const struct iap_record record = iap_record_read(&target);
    const struct iap_identity identity = iap_identity_read(&target);
    printf("{\"area\":%u,", record.area);
    print_identity(&identity);
    print_entry("installed", &record.installed);
    print_entry("verified", &record.verified);
    print_entry("pending", &record.pending);

    struct iap iap;
    iap_init(&iap, target, (struct iap_mailbox){0}, 0);
    while (device->now_ms < LONGEST && !device->started) {
        iap_step(&iap);
        device->now_ms += STEP_MS;
    }
    printf("\"starts\":%s,\"stay\":%d}\n", device->started ? "true" : "false",
           device->started ? 0 : (int)iap.stay);
}

int main(void) {
    struct device device = {.flash = malloc(DUMP_SIZE)};
    while (device.flash != NULL && fread(device.flash, 1, DUMP_SIZE, stdin) == DUMP_SIZE) {
        device.started = false;
        device.now_ms = 0;
        report(&device);
        fflush(stdout);
    }
    free(device.flash);
    return 0;
}
