#include "iap_app.h"

#include "cortexm.h"
#include "iap_bytes.h"
#include "iap_hello.h"

#if __ARM_ARCH == 6
void iap_app_use_vectors(uint32_t app_base) {
    vectors_use(app_base);
}
#endif

static const uint8_t *flash(void *context, uint32_t address) {
    (void)context;
    return (const uint8_t *)(uintptr_t)address;
}

static bool no_erase(void *context, uint32_t address) {
    (void)context;
    (void)address;
    return false;
}

static void poll(void *context) {
    (void)context;
}

static struct iap_target target_of(const struct iap_app *app) {
    return (struct iap_target){&app->core_config, &app->core_port};
}

static void encode_hello(const struct iap_app *app, uint8_t *to) {
    const struct iap_target target = target_of(app);
    const struct iap_record record = iap_record_read(&target);
    const struct iap_hello hello = {
        .config = &app->core_config,
        .identity = &app->identity,
        .record = &record,
        .mode = IAP_MODE_APP,
        .stay = (enum iap_stay)app->report.stay,
        .capabilities = app->core_config.capabilities,
        // What the bootloader checked when it started this application; flash may have changed
        // since.
        .installed_state = app->report.sequence == record.installed.sequence
                               ? IAP_IMAGE_STATE_CHECKED | IAP_IMAGE_STATE_GOOD
                               : 0,
    };
    iap_hello_encode(&hello, to);
}

static void take_facts(struct iap_config *core, const uint8_t *facts) {
    core->part = (const char *)(facts + IAP_KIT_FACTS_AT_PART);
    core->unique_id = (const uint8_t *)(uintptr_t)iap_get32(facts + IAP_KIT_FACTS_AT_UNIQUE_ID);
    core->page_size = iap_get32(facts + IAP_KIT_FACTS_AT_PAGE_SIZE);
    core->app_base = iap_get32(facts + IAP_KIT_FACTS_AT_APP_BASE);
    core->app_end = iap_get32(facts + IAP_KIT_FACTS_AT_APP_END);
    core->default_rate = iap_get32(facts + IAP_KIT_FACTS_AT_DEFAULT_RATE);
}

// Field by field: a value of the whole structure would be built on the stack without optimisation.
void iap_app_init(struct iap_app *app, const struct iap_app_config *config) {
    iap_fill((uint8_t *)app, 0, sizeof *app);
    app->config = *config;
    struct iap_config *core = &app->core_config;
    core->part = config->part;
    core->unique_id = config->unique_id;
    core->page_size = config->page_size;
    core->app_base = config->app_base;
    core->app_end = config->app_end;
    core->default_rate = config->default_rate;
    core->capabilities = config->capabilities;
    core->max_payload = IAP_APP_MAX_PAYLOAD;
    if (config->facts != NULL) {
        take_facts(core, config->facts);
    }
    app->core_port.context = config->context;
    app->core_port.poll = poll;
    app->core_port.flash = flash;
    app->core_port.erase_page = no_erase;
    app->core_port.program = config->program;
    app->report = iap_mailbox_take(MAILBOX);
    const struct iap_target target = target_of(app);
    app->identity = iap_identity_read(&target);
    core->max_rate = app->identity.default_rate;
    iap_decoder_init(&app->decoder, app->frame, sizeof app->frame);
}

static bool for_this_device(const struct iap_app *app, const struct iap_frame *frame) {
    if ((frame->type & IAP_RESPONSE_BIT) != 0) {
        return false;
    }
    return frame->address == IAP_ADDRESS_ONLY || frame->address == app->identity.address ||
           (frame->address == IAP_ADDRESS_BROADCAST && frame->type == IAP_COMMAND_ENTER);
}

static uint32_t refusal(enum iap_status status, uint32_t detail, uint8_t *to) {
    to[IAP_REFUSAL_AT_STATUS] = (uint8_t)status;
    iap_put32(to + IAP_REFUSAL_AT_DETAIL, detail);
    return IAP_REFUSAL_SIZE;
}

static bool may_enter(const struct iap_app *app, uint32_t *detail) {
    return app->config.may_enter == NULL || app->config.may_enter(app->config.context, detail);
}

static uint32_t answer(const struct iap_app *app, uint8_t type, uint8_t *to) {
    uint32_t detail = 0;
    switch (type) {
    case IAP_COMMAND_HELLO:
        encode_hello(app, to);
        return IAP_HELLO_RESPONSE_SIZE;
    case IAP_COMMAND_ENTER:
        if (!may_enter(app, &detail)) {
            return refusal(IAP_STATUS_NOT_NOW, detail, to);
        }
        to[IAP_ENTER_RESPONSE_AT_STATUS] = IAP_STATUS_OK;
        return IAP_ENTER_RESPONSE_SIZE;
    default:
        return refusal(IAP_STATUS_IN_APP, 0, to);
    }
}

void iap_app_receive(struct iap_app *app, uint8_t byte) {
    if (iap_decoder_sink(&app->decoder, byte) != IAP_DECODED_FRAME) {
        return;
    }
    struct iap_frame frame = iap_decoder_frame(&app->decoder);
    if (!for_this_device(app, &frame)) {
        return;
    }
    uint8_t *to = app->answer + IAP_FRAME_HEADER_SIZE;
    const uint32_t size = answer(app, frame.type, to);
    const bool leave =
        frame.type == IAP_COMMAND_ENTER && to[IAP_ENTER_RESPONSE_AT_STATUS] == IAP_STATUS_OK;
    if (frame.address != IAP_ADDRESS_BROADCAST) {
        app->answer[0] = frame.address;
        app->answer[1] = frame.type | IAP_RESPONSE_BIT;
        app->answer[2] = frame.seq;
        iap_frame_send(app->answer, size, app->config.send, app->config.context);
    }
    if (leave) {
        app->config.flush(app->config.context);
        iap_app_enter_bootloader();
    }
}

bool iap_app_confirm(struct iap_app *app) {
    if (app->config.program == NULL) {
        return false;
    }
    const struct iap_target target = target_of(app);
    struct iap_record record = iap_record_read(&target);
    if (record.installed.slot == 0 || iap_entry_is(&record.installed, IAP_ENTRY_CONFIRMED)) {
        return record.installed.slot != 0;
    }
    return iap_ok(iap_record_refresh(&target, record.installed.slot)) &&
           iap_ok(iap_record_set(&target, record.installed.slot, IAP_ENTRY_CONFIRMED));
}

void iap_app_enter_bootloader(void) {
    const struct iap_mailbox mailbox = {.request = IAP_REQUEST_ENTER};
    mask_interrupts();
    iap_mailbox_pack(MAILBOX, &mailbox);
    system_reset();
}
