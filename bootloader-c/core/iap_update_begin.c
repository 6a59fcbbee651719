// BEGIN: is the image for this device, and where does its update go on?
#include "iap_trust.h"
#include "iap_update.h"

static bool same_image(const struct iap_entry *entry, const struct iap_header *header) {
    return entry->slot != 0 && iap_header_equal(entry->header, header);
}

// An entry of this image that an update left unfinished; NULL if there is none.
static const struct iap_entry *unfinished_entry(const struct iap_record *record,
                                                const struct iap_header *header) {
    if (same_image(&record->pending, header)) {
        return &record->pending;
    }
    if (same_image(&record->installed, header) &&
        !iap_entry_is(&record->installed, IAP_ENTRY_VALID)) {
        return &record->installed;
    }
    return NULL;
}

static bool is_installed(struct iap_update *update, const struct iap_header *header) {
    const struct iap_entry *installed = &update->record.installed;
    if (!same_image(installed, header) || !iap_entry_is(installed, IAP_ENTRY_VALID)) {
        return false;
    }
    iap_update_check_now(update);
    return update->check.good;
}

static void open_session(struct iap_update *update, uint32_t slot,
                         const struct iap_header *header) {
    update->session = (struct iap_session){
        .active = true,
        .trust_blank = update->record.installed.slot == 0,
        .slot = slot,
        .header = header,
    };
    iap_verify_start(&update->session.verify);
}

uint32_t iap_update_begin(struct iap_update *update, const struct iap_frame *request,
                          uint8_t *answer) {
    const struct iap_begin_request begin = iap_begin_request_decode(request);
    struct iap_session *session = &update->session;
    const struct iap_header *header = begin.header;
    iap_result result = iap_header_accept(&update->target, &update->identity, header,
                                          update->record.verified.header);
    if (!iap_ok(result)) {
        return iap_refusal(answer, result);
    }
    if (session->active && iap_header_equal(session->header, header)) {
        session->page.open = false;
        return iap_begin_response(answer, IAP_BEGUN_RESUMED, session->next);
    }
    bool renew = (begin.flags & IAP_BEGIN_FLAG_RENEW) != 0;
    if (!renew && is_installed(update, header)) {
        *session = (struct iap_session){0};
        return iap_begin_response(answer, IAP_BEGUN_INSTALLED, 0);
    }
    result = iap_trust_verify(&update->target, header);
    if (!iap_ok(result)) {
        return iap_refusal(answer, result);
    }
    const struct iap_entry *unfinished = unfinished_entry(&update->record, header);
    if (unfinished != NULL) {
        open_session(update, unfinished->slot, unfinished->header);
        return iap_begin_response(answer, IAP_BEGUN_RESUMED, 0);
    }
    update->begun = *header;
    open_session(update, 0, &update->begun);
    return iap_begin_response(answer, IAP_BEGUN_STARTED, 0);
}
