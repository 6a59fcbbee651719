// Requests → answers. What an update does is in iap_update*.c.
#include "iap.h"

#include "iap_bytes.h"
#include "iap_crc.h"
#include "iap_flash.h"
#include "iap_hello.h"
#include "iap_trust.h"

// A rate must be made within 1/50, 2 %: with a host that is off as well a byte is still read right.
#define RATE_ERROR_SHARE 50u

static uint8_t installed_state(const struct iap *iap) {
    // An unfinished image needs no check to be known as not good.
    bool checked =
        iap->update.check.checked || !iap_entry_is(&iap->update.record.installed, IAP_ENTRY_VALID);
    return (uint8_t)((checked ? IAP_IMAGE_STATE_CHECKED : 0) |
                     (iap->update.check.good ? IAP_IMAGE_STATE_GOOD : 0) |
                     (iap_trials_used(iap) ? IAP_IMAGE_STATE_TRIALS_USED : 0));
}

static uint32_t hello(struct iap *iap, const struct iap_frame *request, uint8_t *answer) {
    if (iap_hello_holds(request) && iap->held_by == IAP_STAY_NONE) {
        iap->held_by = IAP_STAY_HOST;
        if (iap->stay == IAP_STAY_NONE) {
            iap->stay = IAP_STAY_HOST;
        }
    }
    const struct iap_hello hello = {
        .config = iap->update.target.config,
        .identity = &iap->update.identity,
        .record = &iap->update.record,
        .mode = IAP_MODE_BOOTLOADER,
        .stay = iap->stay,
        .version = {IAP_VERSION_MAJOR, IAP_VERSION_MINOR, IAP_VERSION_PATCH},
        .installed_state = installed_state(iap),
        .capabilities = iap_capabilities(),
    };
    iap_hello_encode(&hello, answer);
    return IAP_HELLO_RESPONSE_SIZE + iap_trust_hello(&iap->update.target, &iap->update.record,
                                                     answer + IAP_HELLO_RESPONSE_SIZE);
}

static uint32_t baud(struct iap *iap, const struct iap_frame *request, uint8_t *answer) {
    const struct iap_port *port = iap->update.target.port;
    uint32_t rate = iap_baud_request_rate(request);
    uint32_t max_rate = iap->update.target.config->max_rate;
    if (rate == 0 || rate > max_rate) {
        return iap_refusal(answer, iap_failure(IAP_STATUS_RATE_UNAVAILABLE, max_rate));
    }
    uint32_t real = iap_port_nearest_rate(port, rate);
    uint32_t error = real > rate ? real - rate : rate - real;
    if (error > rate / RATE_ERROR_SHARE) {
        return iap_refusal(answer, iap_failure(IAP_STATUS_RATE_UNAVAILABLE, max_rate));
    }
    iap->rate = rate;
    return iap_baud_response(answer, real);
}

// Pages of the image whose CRCs may be asked for, or bytes of other flash could be told from them;
// 0: there is none.
static uint32_t known_pages(const struct iap *iap) {
    const struct iap_config *config = iap->update.target.config;
    const struct iap_session *session = &iap->update.session;
    const struct iap_header *header =
        session->active ? session->header : iap->update.record.installed.header;
    if (header == NULL || !iap_header_fits(config, header)) {
        return 0;
    }
    return (iap_header_image_size(header) + config->page_size - 1) / config->page_size;
}

static uint32_t pages(struct iap *iap, const struct iap_frame *request, uint8_t *answer) {
    const struct iap_port *port = iap->update.target.port;
    const struct iap_config *config = iap->update.target.config;
    const struct iap_pages_request asked = iap_pages_request_decode(request);
    if (iap_trust_signed_only() && !iap->update.session.active) {
        return iap_refusal(answer, iap_failure(IAP_STATUS_NO_SESSION, 0));
    }
    uint32_t all = known_pages(iap);
    if (asked.first >= all) {
        return iap_refusal(answer, iap_failure(IAP_STATUS_BAD_REQUEST, IAP_PAGES_REQUEST_AT_FIRST));
    }
    if (asked.count == 0 || asked.count > all - asked.first ||
        asked.count > (config->max_payload - IAP_PAGES_RESPONSE_SIZE) / 4u) {
        return iap_refusal(answer, iap_failure(IAP_STATUS_BAD_REQUEST, IAP_PAGES_REQUEST_AT_COUNT));
    }
    for (uint32_t i = 0; i < asked.count; i++) {
        const uint8_t *page = iap_flash_read(
            &iap->update.target, config->app_base + (asked.first + i) * config->page_size);
        iap_port_poll(port);
        iap_pages_response_page(answer, i, iap_port_crc32(port, 0, page, config->page_size));
    }
    return iap_pages_response(answer, &asked);
}

static uint32_t boot(struct iap *iap, const struct iap_frame *request, uint8_t *answer) {
    (void)request;
    iap_update_check_now(&iap->update);
    const struct iap_boot_facts facts = {
        .installed = iap->update.record.installed.slot != 0,
        .valid = iap_entry_is(&iap->update.record.installed, IAP_ENTRY_VALID),
        .checked = iap->update.check.checked,
        .good = iap->update.check.good,
    };
    struct iap_boot_decision decision = iap_boot_decide(&facts);
    if (decision.action != IAP_BOOT_START) {
        return iap_refusal(answer, iap_failure(IAP_STATUS_NOT_BOOTABLE, decision.stay));
    }
    iap->boot_asked = true;
    return iap_ok_response(answer);
}

static uint32_t enter(struct iap *iap, const struct iap_frame *request, uint8_t *answer) {
    (void)request;
    if (iap->held_by == IAP_STAY_NONE) {
        iap->held_by = IAP_STAY_ASKED;
    }
    return iap_ok_response(answer);
}

// Smallest payload of a request; a known type that has none takes any.
static uint32_t smallest(uint8_t type) {
    switch (type) {
    case IAP_COMMAND_HELLO:
        return IAP_HELLO_REQUEST_SIZE;
    case IAP_COMMAND_BAUD:
        return IAP_BAUD_REQUEST_SIZE;
    case IAP_COMMAND_PAGES:
        return IAP_PAGES_REQUEST_SIZE;
    case IAP_COMMAND_BEGIN:
        return IAP_BEGIN_REQUEST_SIZE;
    case IAP_COMMAND_DATA:
        return IAP_DATA_REQUEST_SIZE;
    case IAP_COMMAND_END:
        return IAP_END_REQUEST_SIZE;
    default:
        return 0;
    }
}

// What is begun while the supply sinks may leave weak cells. A half-word is short enough, and so
// ABORT is not among these.
static bool takes_long(uint8_t type) {
    return type == IAP_COMMAND_BEGIN || type == IAP_COMMAND_DATA || type == IAP_COMMAND_END;
}

static bool wants_answer(const struct iap_frame *request) {
    return request->type != IAP_COMMAND_DATA ||
           (iap_data_request_decode(request).flags & IAP_DATA_FLAG_ASK) != 0;
}

uint32_t iap_command(struct iap *iap, const struct iap_frame *request, uint8_t *answer) {
    if (request->size < smallest(request->type)) {
        return iap_refusal(answer, iap_failure(IAP_STATUS_BAD_REQUEST, request->size));
    }
    if (takes_long(request->type) && iap_supply_low(&iap->update.target)) {
        return wants_answer(request) ? iap_refusal(answer, iap_failure(IAP_STATUS_SUPPLY_LOW, 0))
                                     : 0;
    }
    switch (request->type) {
    case IAP_COMMAND_HELLO:
        return hello(iap, request, answer);
    case IAP_COMMAND_BAUD:
        return baud(iap, request, answer);
    case IAP_COMMAND_PAGES:
        return pages(iap, request, answer);
    case IAP_COMMAND_BEGIN:
        return iap_update_begin(&iap->update, request, answer);
    case IAP_COMMAND_DATA:
        return iap_update_data(&iap->update, request, answer);
    case IAP_COMMAND_END:
        return iap_update_end(&iap->update, request, answer);
    case IAP_COMMAND_BOOT:
        return boot(iap, request, answer);
    case IAP_COMMAND_ABORT:
        return iap_update_abort(&iap->update, request, answer);
    case IAP_COMMAND_ENTER:
        return enter(iap, request, answer);
    default:
        return iap_refusal(answer, iap_failure(IAP_STATUS_UNKNOWN_COMMAND, 0));
    }
}
