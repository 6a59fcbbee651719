// What the requests of an update have in common: the record as it is now, and whether the installed
// image is good.
#include "iap_update.h"

// What was found of one entry's image says nothing about another's.
static void follow_installed(struct iap_update *update) {
    if (update->check.slot != update->record.installed.slot) {
        iap_check_start(&update->check, update->record.installed.slot);
    }
}

void iap_update_read_record(struct iap_update *update) {
    update->record = iap_record_read(&update->target);
    follow_installed(update);
}

static iap_result make_entry(struct iap_update *update) {
    struct iap_session *session = &update->session;
    if (session->slot != 0) {
        return iap_success();
    }
    struct iap_entry entry;
    iap_result result = iap_record_append(&update->target, session->header, &entry);
    if (iap_ok(result)) {
        session->slot = entry.slot;
        session->header = entry.header;
    }
    return result;
}

static iap_result touch_entry(const struct iap_update *update) {
    uint32_t slot = update->session.slot;
    iap_result result = iap_record_refresh(&update->target, slot);
    return iap_ok(result) ? iap_record_set(&update->target, slot, IAP_ENTRY_TOUCHED) : result;
}

iap_result iap_update_set_touched(struct iap_update *update) {
    struct iap_session *session = &update->session;
    if (session->touched) {
        return iap_success();
    }
    iap_result result = make_entry(update);
    if (iap_ok(result)) {
        result = touch_entry(update);
    }
    iap_update_read_record(update);
    if (iap_ok(result) && update->record.installed.slot != session->slot) {
        result = iap_failure(IAP_STATUS_RECORD_FAILED, session->slot);
    }
    session->touched = iap_ok(result);
    return result;
}

static bool to_check(const struct iap_update *update) {
    return iap_entry_is(&update->record.installed, IAP_ENTRY_VALID) && !update->check.checked;
}

// VALID found without SEALED may be a half-programmed cell: programmed again it is sure. At once,
// before anybody is told that the image is good.
static void set_sealed(struct iap_update *update) {
    if (update->check.good && !iap_entry_is(&update->record.installed, IAP_ENTRY_SEALED)) {
        (void)iap_record_set_valid(&update->target, update->record.installed.slot);
        iap_update_read_record(update);
    }
}

void iap_update_check(struct iap_update *update) {
    follow_installed(update);
    if (to_check(update)) {
        iap_check_step(&update->check, &update->target, update->record.installed.header);
        set_sealed(update);
    }
}

void iap_update_check_now(struct iap_update *update) {
    follow_installed(update);
    while (to_check(update)) {
        iap_port_poll(update->target.port);
        iap_update_check(update);
    }
}
