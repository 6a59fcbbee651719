// DATA: frames in the order of their numbers become pages, and pages are written.
#include "iap_update.h"

// Inline: what it keeps would lie below the decoder's tables, where the stack is deepest.
static inline iap_result write_page(struct iap_update *update) {
    struct iap_session *session = &update->session;
    iap_result result = iap_page_check(&session->page, &update->target);
    if (!iap_ok(result) || !session->page.differs) {
        return result;
    }
    // What was read already changes: all is verified anew.
    if (session->page.number * update->target.config->page_size < session->verify.sha.size) {
        iap_verify_start(&session->verify);
    }
    result = iap_update_set_touched(update);
    if (!iap_ok(result)) {
        // DATA's answer knows no failure of the record; its address tells.
        return iap_failure(IAP_STATUS_FLASH_FAILED, iap_detail_of(result));
    }
    return iap_page_write(&session->page, &update->target, session->trust_blank);
}

static iap_result open_page(struct iap_update *update, struct iap_data_request *request) {
    struct iap_session *session = &update->session;
    if (request->size < IAP_PAGE_HEAD_SIZE) {
        return iap_page_reject(&session->page, IAP_REJECTION_LENGTH);
    }
    const struct iap_page_head head = iap_page_head_decode(request->body);
    request->body += IAP_PAGE_HEAD_SIZE;
    request->size -= IAP_PAGE_HEAD_SIZE;
    return iap_page_open(&session->page, update->target.config, &head,
                         iap_header_image_size(session->header));
}

static iap_result add_to_page(struct iap_update *update, struct iap_data_request *request) {
    struct iap_session *session = &update->session;
    const struct iap_config *config = update->target.config;
    iap_result result = iap_success();
    if ((request->flags & IAP_DATA_FLAG_HEAD) != 0) {
        result = open_page(update, request);
    }
    if (iap_ok(result)) {
        result = iap_page_add(&session->page, config, request->body, request->size);
    }
    if (!iap_ok(result) || !iap_page_complete(&session->page)) {
        return result;
    }
    result = write_page(update);
    if (iap_ok(result)) {
        session->pages++;
        session->newest_end = session->page.number * config->page_size + session->page.length;
    }
    return result;
}

// After a page that failed, the frame that opened it is expected again.
static void take_frame(struct iap_update *update, struct iap_data_request *request) {
    struct iap_session *session = &update->session;
    if ((request->flags & IAP_DATA_FLAG_HEAD) != 0 || !session->page.open) {
        session->page_number = session->next;
    }
    session->result = add_to_page(update, request);
    session->next = iap_ok(session->result) ? (uint16_t)(session->next + 1) : session->page_number;
}

uint32_t iap_update_data(struct iap_update *update, const struct iap_frame *request,
                         uint8_t *answer) {
    struct iap_data_request data = iap_data_request_decode(request);
    struct iap_session *session = &update->session;
    bool ask = (data.flags & IAP_DATA_FLAG_ASK) != 0;
    if (!session->active) {
        return ask ? iap_refusal(answer, iap_failure(IAP_STATUS_NO_SESSION, 0)) : 0;
    }
    int16_t ahead = (int16_t)(data.number - session->next);
    bool query = data.size == 0 && (data.flags & IAP_DATA_FLAG_HEAD) == 0;
    if (!query && ahead == 0) {
        take_frame(update, &data);
    } else if (!query && ahead > 0 && iap_ok(session->result)) {
        session->result = iap_failure(IAP_STATUS_GAP, 0);
    }
    return ask ? iap_data_response(answer, session->result, session->next, session->pages) : 0;
}
