// END and ABORT: the image becomes VALID, or its update is forgotten.
#include "iap_flash.h"
#include "iap_trust.h"
#include "iap_update.h"

// Before the first byte of a page is verified: the page may be one of an update that power cut.
static void refresh_page(const struct iap_update *update) {
    const struct iap_session *session = &update->session;
    const struct iap_config *config = update->target.config;
    uint32_t at = session->verify.sha.size;
    if (session->touched && at % config->page_size == 0 &&
        at < iap_header_image_size(session->header)) {
        iap_page_refresh(&update->target, config->app_base + at);
    }
}

static void verify_block(struct iap_update *update) {
    refresh_page(update);
    iap_verify_step(&update->session.verify, &update->target);
}

void iap_update_verify(struct iap_update *update) {
    const struct iap_session *session = &update->session;
    if (session->active && session->touched &&
        session->verify.sha.size + IAP_SHA256_BLOCK <= session->newest_end) {
        verify_block(update);
    }
}

static iap_result verify_rest(struct iap_update *update) {
    struct iap_session *session = &update->session;
    while (iap_header_image_size(session->header) - session->verify.sha.size >= IAP_SHA256_BLOCK) {
        iap_port_poll(update->target.port);
        verify_block(update);
    }
    refresh_page(update);
    return iap_verify_finish(&session->verify, &update->target, session->header);
}

static bool installed_is_unfinished(const struct iap_update *update) {
    const struct iap_entry *installed = &update->record.installed;
    return installed->slot != 0 && !iap_entry_is(installed, IAP_ENTRY_VALID);
}

// With keys, nothing but the signed image may be in the application's area: what a larger image
// left behind it is erased. FLASH_FAILED with the page that does not erase.
static iap_result clear_behind(const struct iap_update *update) {
    const struct iap_target *target = &update->target;
    const struct iap_config *config = target->config;
    uint32_t end = config->app_base + iap_header_image_size(update->session.header);
    uint32_t page = (end + config->page_size - 1) / config->page_size * config->page_size;
    if (!iap_all(iap_flash_read(target, end), 0xff, page - end)) {
        return iap_failure(IAP_STATUS_VERIFY_FAILED, IAP_CHECK_PADDING);
    }
    iap_result result = iap_success();
    for (; page < config->app_end && iap_ok(result); page += config->page_size) {
        iap_port_poll(target->port);
        if (!iap_all(iap_flash_read(target, page), 0xff, config->page_size)) {
            iap_page_invalidate(target, page, NULL);
            result = iap_flash_erase_page(target, page);
        }
    }
    return result;
}

// The header that was verified at BEGIN came in a frame; what counts is the one in the record.
static iap_result trust(const struct iap_update *update) {
    if (!iap_trust_signed_only()) {
        return iap_success();
    }
    iap_result result = clear_behind(update);
    return iap_ok(result) ? iap_trust_verify(&update->target, update->session.header) : result;
}

// Verifies, then sets VALID. Entry and TOUCHED before that, if no page did: then all were right
// already.
static iap_result finish(struct iap_update *update) {
    struct iap_session *session = &update->session;
    if (installed_is_unfinished(update)) {
        (void)iap_update_set_touched(update);
    }
    iap_result result = verify_rest(update);
    if (!iap_ok(result)) {
        return result;
    }
    result = iap_update_set_touched(update);
    if (iap_ok(result)) {
        result = trust(update);
    }
    if (iap_ok(result)) {
        result = iap_record_set_valid(&update->target, session->slot);
    }
    if (!iap_ok(result)) {
        return iap_supply_low(&update->target) ? iap_failure(IAP_STATUS_SUPPLY_LOW, 0) : result;
    }
    iap_update_read_record(update);
    update->check = (struct iap_check){.slot = session->slot, .checked = true, .good = true};
    session->active = false;
    session->ended = true;
    return result;
}

uint32_t iap_update_end(struct iap_update *update, const struct iap_frame *request,
                        uint8_t *answer) {
    struct iap_session *session = &update->session;
    bool complete = iap_end_request_count(request) == session->next;
    if (session->ended && complete) {
        return iap_end_response(answer, iap_success(), session->next);
    }
    if (!session->active) {
        return iap_refusal(answer, iap_failure(IAP_STATUS_NO_SESSION, 0));
    }
    if (!iap_ok(session->result) && iap_status_of(session->result) != IAP_STATUS_GAP) {
        return iap_end_response(answer, session->result, session->next);
    }
    // Its rest is missing.
    if (session->page.open) {
        session->page.open = false;
        session->next = session->page_number;
        complete = false;
    }
    if (!complete) {
        return iap_end_response(answer, iap_failure(IAP_STATUS_GAP, 0), session->next);
    }
    iap_result result = finish(update);
    if (iap_status_of(result) >= IAP_STATUS_UNKNOWN_COMMAND) {
        return iap_refusal(answer, result);
    }
    return iap_end_response(answer, result, session->next);
}

uint32_t iap_update_abort(struct iap_update *update, const struct iap_frame *request,
                          uint8_t *answer) {
    (void)request;
    struct iap_session *session = &update->session;
    if (session->slot != 0 && update->record.installed.slot != session->slot) {
        iap_result result = iap_record_set(&update->target, session->slot, IAP_ENTRY_CLOSED);
        if (!iap_ok(result)) {
            return iap_refusal(answer, result);
        }
        iap_update_read_record(update);
    }
    *session = (struct iap_session){0};
    return iap_ok_response(answer);
}
