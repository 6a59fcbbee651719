#include "iap_session.h"

#include "iap_bytes.h"
#include "iap_flash.h"

uint32_t iap_refuse(uint8_t *answer, enum iap_status status, uint32_t detail) {
    answer[IAP_REFUSAL_AT_STATUS] = (uint8_t)status;
    iap_put32(answer + IAP_REFUSAL_AT_DETAIL, detail);
    return IAP_REFUSAL_SIZE;
}

// What was found of one entry's image says nothing about another's.
static void follow_installed(struct iap_update *update) {
    if (update->check.slot != update->record.installed.slot) {
        iap_check_start(&update->check, update->record.installed.slot);
    }
}

static void reread(struct iap_update *update) {
    update->record = iap_record_read(&update->target);
    follow_installed(update);
}

static bool same_image(const struct iap_entry *entry, const uint8_t *header) {
    return entry->slot != 0 && iap_equal(entry->header, header, IAP_HEADER_SIZE);
}

static bool to_check(const struct iap_update *update) {
    return iap_entry_is(&update->record.installed, IAP_ENTRY_VALID) && !update->check.checked;
}

// VALID found without SEALED may be a half-programmed cell: programmed again it is sure. At once,
// before anybody is told that the image is good.
static void seal(struct iap_update *update) {
    if (update->check.good && !iap_entry_is(&update->record.installed, IAP_ENTRY_SEALED)) {
        (void)iap_record_mark_valid(&update->target, update->record.installed.slot);
        reread(update);
    }
}

void iap_update_check(struct iap_update *update) {
    follow_installed(update);
    if (to_check(update)) {
        iap_check_step(&update->check, &update->target, update->record.installed.header);
        seal(update);
    }
}

void iap_update_check_now(struct iap_update *update) {
    follow_installed(update);
    while (to_check(update)) {
        update->target.port->poll(update->target.port->context);
        iap_update_check(update);
    }
}

// BEGIN

static uint32_t begun(const struct iap_session *session, uint8_t *answer, enum iap_begun how) {
    answer[IAP_BEGIN_RESPONSE_AT_STATUS] = IAP_STATUS_OK;
    answer[IAP_BEGIN_RESPONSE_AT_BEGUN] = (uint8_t)how;
    iap_put16(answer + IAP_BEGIN_RESPONSE_AT_NEXT, session->next);
    return IAP_BEGIN_RESPONSE_SIZE;
}

static uint32_t image_size(const struct iap_session *session) {
    return iap_get32(session->header + IAP_HEADER_AT_IMAGE_SIZE);
}

static void open_session(struct iap_update *update, const struct iap_entry *entry) {
    update->session = (struct iap_session){
        .active = true,
        .trust_blank = update->record.installed.slot == 0,
        .slot = entry->slot,
        .header = entry->header,
    };
    iap_verify_start(&update->session.verify);
}

uint32_t iap_session_begin(struct iap_update *update, const uint8_t *request, uint8_t *answer) {
    const uint8_t *header = request + IAP_BEGIN_REQUEST_AT_HEADER;
    struct iap_session *session = &update->session;
    const struct iap_record *record = &update->record;
    struct iap_verdict verdict =
        iap_header_accept(&update->target, &update->identity, header, record->verified.header);
    if (verdict.status != IAP_STATUS_OK) {
        return iap_refuse(answer, verdict.status, verdict.detail);
    }
    if (session->active && iap_equal(session->header, header, IAP_HEADER_SIZE)) {
        session->page.open = false;
        return begun(session, answer, IAP_BEGUN_RESUMED);
    }
    bool renew = (request[IAP_BEGIN_REQUEST_AT_FLAGS] & IAP_BEGIN_FLAG_RENEW) != 0;
    bool installed = same_image(&record->installed, header);
    bool valid = iap_entry_is(&record->installed, IAP_ENTRY_VALID);
    if (installed && valid && !renew) {
        iap_update_check_now(update);
        if (update->check.good) {
            *session = (struct iap_session){0};
            return begun(session, answer, IAP_BEGUN_INSTALLED);
        }
    }
    const struct iap_entry *open = same_image(&record->pending, header) ? &record->pending : NULL;
    if (open == NULL && installed && !valid) {
        open = &record->installed;
    }
    if (open != NULL) {
        open_session(update, open);
        return begun(session, answer, IAP_BEGUN_RESUMED);
    }
    *session = (struct iap_session){0}; // it goes on only in an entry that counts
    struct iap_entry entry;
    uint32_t failed;
    bool appended = iap_record_append(&update->target, header, &entry, &failed);
    reread(update);
    if (!appended) {
        bool low = iap_supply_low(&update->target);
        return iap_refuse(answer, low ? IAP_STATUS_SUPPLY_LOW : IAP_STATUS_RECORD_FAILED,
                          low ? 0 : failed);
    }
    open_session(update, &entry);
    return begun(session, answer, IAP_BEGUN_STARTED);
}

// DATA

static uint32_t data_answer(const struct iap_session *session, uint8_t *answer) {
    answer[IAP_DATA_RESPONSE_AT_STATUS] = session->status;
    iap_put16(answer + IAP_DATA_RESPONSE_AT_NEXT, session->next);
    iap_put16(answer + IAP_DATA_RESPONSE_AT_PAGES, session->pages);
    iap_put32(answer + IAP_DATA_RESPONSE_AT_DETAIL, session->detail);
    return IAP_DATA_RESPONSE_SIZE;
}

// TOUCHED goes before the first page that changes, and once a session even where it was set: the
// cell may be one that power left half-programmed. The record must then name this entry, or a start
// would not know of the pages.
static bool touch(struct iap_update *update) {
    struct iap_session *session = &update->session;
    if (!session->touched) {
        bool marked = iap_record_firm(&update->target, session->slot) &&
                      iap_record_mark(&update->target, session->slot, IAP_RECORD_SLOT_AT_TOUCHED);
        reread(update);
        session->touched = marked && update->record.installed.slot == session->slot;
    }
    return session->touched;
}

static struct iap_page_result commit(struct iap_update *update) {
    struct iap_session *session = &update->session;
    struct iap_page_result result = iap_page_check(&session->page, update->target.config);
    if (result.status != IAP_STATUS_OK || !iap_page_differs(&session->page, &update->target)) {
        return result;
    }
    if (session->page.number * update->target.config->page_size < session->verify.sha.size) {
        iap_verify_start(&session->verify);
    }
    if (!touch(update)) {
        return (struct iap_page_result){IAP_STATUS_FLASH_FAILED,
                                        session->slot + IAP_RECORD_SLOT_AT_TOUCHED};
    }
    return iap_page_write(&session->page, &update->target, session->trust_blank);
}

static void take(struct iap_update *update, uint8_t flags, const uint8_t *body, uint32_t size) {
    struct iap_session *session = &update->session;
    const struct iap_config *config = update->target.config;
    struct iap_page_result result = {IAP_STATUS_OK, 0};
    if ((flags & IAP_DATA_FLAG_HEAD) != 0 || !session->page.open) {
        session->page_number = session->next;
    }
    if ((flags & IAP_DATA_FLAG_HEAD) != 0) {
        if (size < IAP_PAGE_HEAD_SIZE) {
            session->page.open = false;
            result = (struct iap_page_result){IAP_STATUS_PAGE_REJECTED, IAP_REJECTION_LENGTH};
        } else {
            result = iap_page_open(&session->page, config, body, image_size(session));
            body += IAP_PAGE_HEAD_SIZE;
            size -= IAP_PAGE_HEAD_SIZE;
        }
    }
    if (result.status == IAP_STATUS_OK) {
        result = iap_page_add(&session->page, config, body, size);
    }
    if (result.status == IAP_STATUS_OK && iap_page_complete(&session->page)) {
        result = commit(update);
        if (result.status == IAP_STATUS_OK) {
            session->pages++;
            session->settled = session->page.number * config->page_size + session->page.length;
        }
    }
    session->status = result.status;
    session->detail = result.detail;
    session->next =
        result.status == IAP_STATUS_OK ? (uint16_t)(session->next + 1) : session->page_number;
}

uint32_t iap_session_data(struct iap_update *update, const uint8_t *request, uint32_t size,
                          uint8_t *answer) {
    struct iap_session *session = &update->session;
    uint8_t flags = request[IAP_DATA_REQUEST_AT_FLAGS];
    bool ask = (flags & IAP_DATA_FLAG_ASK) != 0;
    if (!session->active) {
        return ask ? iap_refuse(answer, IAP_STATUS_NO_SESSION, 0) : 0;
    }
    uint32_t body = size - IAP_DATA_REQUEST_AT_BODY;
    int16_t ahead = (int16_t)(iap_get16(request + IAP_DATA_REQUEST_AT_NUMBER) - session->next);
    bool query = body == 0 && (flags & IAP_DATA_FLAG_HEAD) == 0;
    if (!query && ahead == 0) {
        take(update, flags, request + IAP_DATA_REQUEST_AT_BODY, body);
    } else if (!query && ahead > 0 && session->status == IAP_STATUS_OK) {
        session->status = IAP_STATUS_GAP;
    }
    return ask ? data_answer(session, answer) : 0;
}

// END and ABORT

static uint32_t end_answer(const struct iap_session *session, uint8_t *answer, uint8_t status,
                           uint32_t detail) {
    answer[IAP_END_RESPONSE_AT_STATUS] = status;
    iap_put16(answer + IAP_END_RESPONSE_AT_NEXT, session->next);
    iap_put32(answer + IAP_END_RESPONSE_AT_DETAIL, detail);
    return IAP_END_RESPONSE_SIZE;
}

// Before the first byte of a page is verified: the page may be one of an update that power cut.
static void firm_page(const struct iap_update *update) {
    const struct iap_session *session = &update->session;
    const struct iap_config *config = update->target.config;
    uint32_t at = session->verify.sha.size;
    if (session->touched && at % config->page_size == 0 && at < image_size(session)) {
        iap_page_firm(&update->target, config->app_base + at);
    }
}

static void verify_block(struct iap_update *update) {
    firm_page(update);
    iap_verify_step(&update->session.verify, &update->target);
}

static uint32_t verify_rest(struct iap_update *update) {
    struct iap_session *session = &update->session;
    while (image_size(session) - session->verify.sha.size >= IAP_SHA256_BLOCK) {
        update->target.port->poll(update->target.port->context);
        verify_block(update);
    }
    firm_page(update);
    return iap_verify_finish(&session->verify, &update->target, session->header);
}

void iap_session_work(struct iap_update *update) {
    const struct iap_session *session = &update->session;
    if (session->touched && session->verify.sha.size + IAP_SHA256_BLOCK <= session->settled) {
        verify_block(update);
    }
}

static bool unfinished(const struct iap_update *update) {
    const struct iap_entry *installed = &update->record.installed;
    return installed->slot != 0 && !iap_entry_is(installed, IAP_ENTRY_VALID);
}

uint32_t iap_session_end(struct iap_update *update, const uint8_t *request, uint8_t *answer) {
    struct iap_session *session = &update->session;
    bool complete = iap_get16(request + IAP_END_REQUEST_AT_COUNT) == session->next;
    if (session->ended && complete) {
        return end_answer(session, answer, IAP_STATUS_OK, 0);
    }
    if (!session->active) {
        return iap_refuse(answer, IAP_STATUS_NO_SESSION, 0);
    }
    if (session->status != IAP_STATUS_OK && session->status != IAP_STATUS_GAP) {
        return end_answer(session, answer, session->status, session->detail);
    }
    if (session->page.open) {
        session->page.open = false;
        session->next = session->page_number;
        complete = false;
    }
    if (!complete) {
        return end_answer(session, answer, IAP_STATUS_GAP, 0);
    }
    if (unfinished(update)) {
        (void)touch(update);
    }
    uint32_t wrong = verify_rest(update);
    if (wrong != 0) {
        return end_answer(session, answer, IAP_STATUS_VERIFY_FAILED, wrong);
    }
    if (!touch(update) || !iap_record_mark_valid(&update->target, session->slot)) {
        return iap_refuse(answer, IAP_STATUS_RECORD_FAILED, session->slot);
    }
    reread(update);
    update->check = (struct iap_check){.slot = session->slot, .checked = true, .good = true};
    session->active = false;
    session->ended = true;
    return end_answer(session, answer, IAP_STATUS_OK, 0);
}

uint32_t iap_session_abort(struct iap_update *update, uint8_t *answer) {
    struct iap_session *session = &update->session;
    if (session->active && update->record.installed.slot != session->slot) {
        if (!iap_record_mark(&update->target, session->slot, IAP_RECORD_SLOT_AT_CLOSED)) {
            return iap_refuse(answer, IAP_STATUS_RECORD_FAILED,
                              session->slot + IAP_RECORD_SLOT_AT_CLOSED);
        }
        reread(update);
    }
    *session = (struct iap_session){0};
    answer[IAP_ABORT_RESPONSE_AT_STATUS] = IAP_STATUS_OK;
    return IAP_ABORT_RESPONSE_SIZE;
}
