#include "iap.h"

#include "iap_bytes.h"
#include "iap_flash.h"
#include "iap_trust.h"

// What is fetched from the port at once [bytes].
#define RECEIVE_PIECE 64u

// Held without a break: longer than contacts bounce.
#define BUTTON_MS 25u

static uint32_t now_ms(const struct iap *iap) {
    return iap_port_now_ms(iap->update.target.port);
}

static bool passed(const struct iap *iap, uint32_t since_ms, uint32_t time_ms) {
    return now_ms(iap) - since_ms >= time_ms;
}

// Whether an entry's image wants confirmation and has none.
static bool on_trial(const struct iap_entry *entry) {
    return !iap_entry_is(entry, IAP_ENTRY_CONFIRMED) &&
           (iap_header_flags(entry->header) & IAP_IMAGE_FLAG_CONFIRM) != 0;
}

bool iap_trials_used(const struct iap *iap) {
    const struct iap_entry *installed = &iap->update.record.installed;
    return installed->slot != 0 && installed->trials >= iap->update.target.config->trials &&
           on_trial(installed);
}

static bool image_good(const struct iap_target *target, const struct iap_entry *entry) {
    struct iap_check check;
    iap_check_start(&check, entry->slot);
    while (!check.checked) {
        iap_port_poll(target->port);
        iap_check_step(&check, target, entry->header);
    }
    return check.good;
}

// Who changes the image in flash can change its record, but not sign.
static bool image_genuine(const struct iap_target *target, const struct iap_header *header) {
    const struct iap_identity identity = iap_identity_read(target);
    struct iap_verify verify;
    iap_verify_start(&verify);
    while (iap_header_image_size(header) - verify.sha.size >= IAP_SHA256_BLOCK) {
        iap_port_poll(target->port);
        iap_verify_step(&verify, target);
    }
    return iap_ok(iap_verify_finish(&verify, target, header)) &&
           iap_ok(iap_trust_accept(target, &identity, header, header)) &&
           iap_ok(iap_trust_verify(target, header));
}

bool iap_start_allowed(const struct iap_target *target, const struct iap_mailbox *mailbox) {
    if (mailbox->request != IAP_REQUEST_START) {
        return false;
    }
    struct iap_record record = iap_record_read(target);
    const struct iap_entry *entry = &record.installed;
    if (entry->slot == 0 || !iap_entry_is(entry, IAP_ENTRY_VALID) ||
        iap_entry_token(entry) != mailbox->token) {
        return false;
    }
    // An application can write all of that. What is jumped to is checked by who jumps.
    return image_good(target, entry) &&
           (!target->config->verify_at_boot || image_genuine(target, entry->header));
}

static void read_record(struct iap *iap) {
    iap->update.record = iap_record_read(&iap->update.target);
    iap->record_known = true;
}

static bool for_this_device(const struct iap *iap, const struct iap_frame *frame) {
    if ((frame->type & IAP_RESPONSE_BIT) != 0) {
        return false;
    }
    if (frame->address == IAP_ADDRESS_BROADCAST) {
        return frame->type == IAP_COMMAND_ENTER || frame->type == IAP_COMMAND_BOOT ||
               frame->type == IAP_COMMAND_ABORT;
    }
    return frame->address == IAP_ADDRESS_ONLY || frame->address == iap->update.identity.address;
}

static void emit(void *context, const uint8_t *bytes, size_t size) {
    const struct iap_port *port = context;
    iap_port_poll(port);
    iap_port_send(port, bytes, size);
}

static void answer_frame(struct iap *iap, const struct iap_frame *frame) {
    const struct iap_port *port = iap->update.target.port;
    uint8_t *answer = iap->update.target.config->answer_buffer;
    uint32_t rate = iap->rate;
    if (!iap->record_known) {
        read_record(iap);
    }
    uint32_t size = iap_command(iap, frame, answer + IAP_FRAME_HEADER_SIZE);
    if (size > 0 && frame->address != IAP_ADDRESS_BROADCAST) {
        answer[0] = frame->address;
        answer[1] = frame->type | IAP_RESPONSE_BIT;
        answer[2] = frame->seq;
        iap_frame_send(answer, size, emit, (void *)(uintptr_t)port);
    }
    if (frame->type != IAP_COMMAND_HELLO || iap_hello_holds(frame)) {
        iap->frame_ms = now_ms(iap);
    }
    iap->rate_ms = now_ms(iap);
    iap->rate_proven = true;
    if (iap->rate != rate) {
        iap_port_set_rate(port, iap->rate);
        iap->rate_proven = iap->rate == iap->update.identity.default_rate;
    }
}

static void receive(struct iap *iap) {
    const struct iap_port *port = iap->update.target.port;
    uint8_t bytes[RECEIVE_PIECE];
    size_t size = iap_port_receive(port, bytes, sizeof bytes);
    size_t i = 0;
    while (i < size) {
        i += iap_decoder_run(&iap->decoder, bytes + i, size - i);
        if (i == size || iap_decoder_sink(&iap->decoder, bytes[i++]) != IAP_DECODED_FRAME) {
            continue;
        }
        struct iap_frame frame = iap_decoder_frame(&iap->decoder);
        if (for_this_device(iap, &frame)) {
            answer_frame(iap, &frame);
        }
    }
}

// A host that was killed must not leave a device that nobody can hear.
static void watch_rate(struct iap *iap) {
    uint32_t default_rate = iap->update.identity.default_rate;
    if (iap->rate != default_rate &&
        passed(iap, iap->rate_ms, iap->rate_proven ? IAP_RATE_IDLE_MS : IAP_RATE_PROOF_MS)) {
        iap->rate = default_rate;
        iap_port_set_rate(iap->update.target.port, default_rate);
    }
}

static void watch_holders(struct iap *iap) {
    const struct iap_config *config = iap->update.target.config;
    const struct iap_port *port = iap->update.target.port;
    if (iap->listening && passed(iap, iap->start_ms, config->listen_ms)) {
        iap->listening = false;
    }
    if (iap->listening && iap_port_has_button(port)) {
        if (!iap_port_button(port)) {
            iap->button_ms = now_ms(iap);
        } else if (iap->held_by == IAP_STAY_NONE && passed(iap, iap->button_ms, BUTTON_MS)) {
            iap->held_by = IAP_STAY_BUTTON;
            iap->frame_ms = now_ms(iap);
        }
    }
    if (passed(iap, iap->frame_ms, config->idle_ms)) {
        iap->held_by = IAP_STAY_NONE;
        iap->update.session = (struct iap_session){0};
    }
    if (passed(iap, iap->start_ms, IAP_TRIALS_STAY_MS)) {
        iap->stayed = true;
    }
}

static void count_trial(const struct iap *iap) {
    const struct iap_entry *installed = &iap->update.record.installed;
    if (!on_trial(installed)) {
        return;
    }
    for (uint32_t i = 0; i < iap->update.target.config->trials; i++) {
        if (!iap_entry_is(installed, IAP_ENTRY_TRIALS + i)) {
            (void)iap_record_set(&iap->update.target, installed->slot, IAP_ENTRY_TRIALS + i);
            return;
        }
    }
}

static void start_application(struct iap *iap) {
    count_trial(iap);
    struct iap_mailbox start = iap->mailbox;
    start.request = IAP_REQUEST_START;
    start.token = iap_entry_token(&iap->update.record.installed);
    start.sequence = iap->update.record.installed.sequence;
    start.stay = iap->stay != IAP_STAY_NONE ? iap->stay : iap->mailbox.stay;
    uint8_t bytes[IAP_MAILBOX_SIZE];
    iap_mailbox_pack(bytes, &start);
    iap_port_restart(iap->update.target.port, bytes);
}

static void decide(struct iap *iap) {
    const struct iap_boot_facts facts = {
        .fault = iap->fault,
        .held_by = iap->held_by,
        .listening = iap->listening,
        .installed = iap->update.record.installed.slot != 0,
        .valid = iap_entry_is(&iap->update.record.installed, IAP_ENTRY_VALID),
        .checked = iap->update.check.checked,
        .good = iap->update.check.good,
        .trials_used = iap_trials_used(iap),
        .stayed = iap->stayed,
    };
    struct iap_boot_decision decision = iap_boot_decide(&facts);
    if (decision.action == IAP_BOOT_STAY &&
        (iap->stay == IAP_STAY_NONE || decision.stay != IAP_STAY_HOST)) {
        // A host that calls later does not hide why the bootloader stayed.
        iap->stay = decision.stay;
    } else if (decision.action == IAP_BOOT_START) {
        start_application(iap);
    }
}

void iap_init(struct iap *iap, struct iap_target target, struct iap_mailbox mailbox,
              uint32_t reset_flags) {
    *iap = (struct iap){
        .update = {.target = target, .identity = iap_identity_read(&target)},
        .mailbox = mailbox,
        .held_by = mailbox.request == IAP_REQUEST_ENTER ? IAP_STAY_ASKED : IAP_STAY_NONE,
        .fault = mailbox.request == IAP_REQUEST_FAULT,
        .listening = true,
    };
    iap->mailbox.reset_flags = reset_flags;
    iap->rate = iap->update.identity.default_rate;
    iap_decoder_init(&iap->decoder, target.config->frame_buffer,
                     target.config->max_payload + IAP_FRAME_OVERHEAD);
    iap->decoder.port = target.port;
    if (!iap->fault) {
        read_record(iap);
    }
    if (mailbox.request == IAP_REQUEST_START && target.config->verify_at_boot) {
        // Its CRC-32 was right, and the pass that would have jumped has seen more.
        iap->update.check =
            (struct iap_check){.slot = iap->update.record.installed.slot, .checked = true};
    }
    iap->start_ms = iap->frame_ms = iap->button_ms = now_ms(iap);
    // So that the first answer can say why it stays.
    decide(iap);
}

void iap_step(struct iap *iap) {
    iap_port_poll(iap->update.target.port);
    receive(iap);
    watch_rate(iap);
    watch_holders(iap);
    if (!iap->record_known && iap->stayed) {
        read_record(iap);
    }
    if (iap->record_known) {
        iap_update_check(&iap->update);
    }
    iap_update_verify(&iap->update);
    if (iap->boot_asked) {
        start_application(iap);
        return;
    }
    decide(iap);
}
