// The app kit on a PC: what it answers to whom, and that an application may refuse to be left.
#include "iap_app.h"

#include <setjmp.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"
#include "cortexm.h"

#define ADDRESS   17u
#define PAGE_SIZE 1024u
#define APP_END   0x08010000u

// The kit reads flash where it is: at the same address of this process.
static uint8_t *flash;
static const uint8_t unique_id[12] = {1, 2, 3};
static struct iap_app app;

// The answers sent, as the host decodes them
static struct iap_decoder decoder;
static uint8_t decoded[IAP_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
static struct iap_frame answer;
static uint32_t answers;
static uint32_t flushed;

// What the application says to ENTER
static bool lets_go;
static uint32_t reason;
static uint32_t asked;
static void *asked_with;

static jmp_buf reset;
static bool masked;
uint8_t test_mailbox[IAP_MAILBOX_SIZE];

void mask_interrupts(void) {
    masked = true;
}

_Noreturn void system_reset(void) {
    longjmp(reset, 1);
}

static void send(void *context, const uint8_t *bytes, size_t size) {
    CHECK(context == &app);
    for (size_t i = 0; i < size; i++) {
        if (iap_decoder_sink(&decoder, bytes[i]) == IAP_DECODED_FRAME) {
            answer = iap_decoder_frame(&decoder);
            answers++;
        }
    }
}

static void flush(void *context) {
    CHECK(context == &app);
    flushed++;
}

static bool may_enter(void *context, uint32_t *detail) {
    asked++;
    asked_with = context;
    CHECK_EQUAL(*detail, 0);
    if (!lets_go && reason != 0) {
        *detail = reason;
    }
    return lets_go;
}

// As an application has it, with or without the callback.
static void start(bool (*callback)(void *context, uint32_t *detail)) {
    if (flash == NULL) {
        const size_t size = APP_END - IAP_BOOTLOADER_BASE;
        flash = mmap((void *)(uintptr_t)IAP_BOOTLOADER_BASE, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
        CHECK(flash == (void *)(uintptr_t)IAP_BOOTLOADER_BASE);
        memset(flash, 0xff, size);
    }
    struct iap_app_config config = {
        .part = "stm32f103xb",
        .unique_id = unique_id,
        .page_size = PAGE_SIZE,
        .app_base = IAP_APP_BASE,
        .app_end = APP_END,
        .default_rate = 115200,
        .send = send,
        .flush = flush,
        .context = &app,
    };
    config.may_enter = callback;
    iap_app_init(&app, &config);
    app.identity.address = ADDRESS;
    iap_decoder_init(&decoder, decoded, sizeof decoded);
    memset(test_mailbox, 0, sizeof test_mailbox);
    answers = 0;
    flushed = 0;
    asked = 0;
    reason = 0;
    lets_go = true;
    masked = false;
}

static void receive(void *context, const uint8_t *bytes, size_t size) {
    (void)context;
    for (size_t i = 0; i < size; i++) {
        iap_app_receive(&app, bytes[i]);
    }
}

// Whether it ended in a reset.
static bool ask(uint8_t address, uint8_t type) {
    uint8_t frame[IAP_FRAME_OVERHEAD] = {address, type, 42};
    if (setjmp(reset) != 0) {
        return true;
    }
    iap_frame_send(frame, 0, receive, NULL);
    return false;
}

static void expect_entered(void) {
    CHECK_EQUAL(flushed, 1);
    CHECK(masked);
    CHECK_EQUAL(iap_mailbox_take(test_mailbox).request, IAP_REQUEST_ENTER);
}

static void expect_goes_on(void) {
    static const uint8_t untouched[IAP_MAILBOX_SIZE];
    CHECK_EQUAL(flushed, 0);
    CHECK(!masked);
    CHECK(memcmp(test_mailbox, untouched, sizeof untouched) == 0);
    CHECK(!ask(IAP_ADDRESS_ONLY, IAP_COMMAND_HELLO));
    CHECK_EQUAL(answer.payload[IAP_HELLO_RESPONSE_AT_MODE], IAP_MODE_APP);
}

static void expect_answer(uint8_t type, uint8_t status, uint32_t size) {
    CHECK_EQUAL(answers, 1);
    CHECK_EQUAL(answer.address, IAP_ADDRESS_ONLY);
    CHECK_EQUAL(answer.type, type | IAP_RESPONSE_BIT);
    CHECK_EQUAL(answer.seq, 42);
    CHECK_EQUAL(answer.size, size);
    CHECK_EQUAL(answer.payload[0], status);
}

static uint32_t detail(void) {
    const uint8_t *at = answer.payload + IAP_REFUSAL_AT_DETAIL;
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void without_a_callback_enter_is_obeyed(void) {
    start(NULL);
    CHECK(ask(IAP_ADDRESS_ONLY, IAP_COMMAND_ENTER));
    expect_answer(IAP_COMMAND_ENTER, IAP_STATUS_OK, IAP_ENTER_RESPONSE_SIZE);
    expect_entered();
}

static void an_application_that_lets_go_is_left(void) {
    start(may_enter);
    CHECK(ask(IAP_ADDRESS_ONLY, IAP_COMMAND_ENTER));
    expect_answer(IAP_COMMAND_ENTER, IAP_STATUS_OK, IAP_ENTER_RESPONSE_SIZE);
    expect_entered();
    CHECK_EQUAL(asked, 1);
    CHECK(asked_with == &app);
}

static void a_refusal_has_the_applications_detail(void) {
    static const uint32_t reasons[] = {0, 1, 0x89abcdef, 0xffffffff};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        start(may_enter);
        lets_go = false;
        reason = reasons[i];
        CHECK(!ask(IAP_ADDRESS_ONLY, IAP_COMMAND_ENTER));
        expect_answer(IAP_COMMAND_ENTER, IAP_STATUS_NOT_NOW, IAP_REFUSAL_SIZE);
        CHECK_EQUAL(detail(), reasons[i]);
        CHECK_EQUAL(asked, 1);
        expect_goes_on();
    }
}

static void it_is_asked_again_each_time(void) {
    start(may_enter);
    lets_go = false;
    CHECK(!ask(IAP_ADDRESS_ONLY, IAP_COMMAND_ENTER));
    CHECK(!ask(ADDRESS, IAP_COMMAND_ENTER));
    lets_go = true;
    CHECK(ask(IAP_ADDRESS_ONLY, IAP_COMMAND_ENTER));
    CHECK_EQUAL(asked, 3);
    CHECK_EQUAL(answers, 3);
    expect_entered();
}

static void broadcast_is_refused_in_silence(void) {
    start(may_enter);
    lets_go = false;
    CHECK(!ask(IAP_ADDRESS_BROADCAST, IAP_COMMAND_ENTER));
    CHECK_EQUAL(asked, 1);
    CHECK_EQUAL(answers, 0);
    expect_goes_on();
    start(may_enter);
    CHECK(ask(IAP_ADDRESS_BROADCAST, IAP_COMMAND_ENTER));
    CHECK_EQUAL(answers, 0);
    expect_entered();
}

static void nothing_else_asks_it(void) {
    static const uint8_t types[] = {IAP_COMMAND_HELLO, IAP_COMMAND_BAUD, IAP_COMMAND_PAGES,
                                    IAP_COMMAND_BEGIN, IAP_COMMAND_DATA, IAP_COMMAND_END,
                                    IAP_COMMAND_BOOT,  IAP_COMMAND_ABORT};
    for (size_t i = 0; i < sizeof types; i++) {
        start(may_enter);
        lets_go = false;
        reason = 7;
        CHECK(!ask(IAP_ADDRESS_ONLY, types[i]));
        const bool hello = types[i] == IAP_COMMAND_HELLO;
        expect_answer(types[i], hello ? IAP_STATUS_OK : IAP_STATUS_IN_APP,
                      hello ? IAP_HELLO_RESPONSE_SIZE : IAP_REFUSAL_SIZE);
        CHECK(hello || detail() == 0);
        CHECK(!ask(ADDRESS + 1, IAP_COMMAND_ENTER));
        CHECK(!ask(IAP_ADDRESS_ONLY, IAP_COMMAND_ENTER | IAP_RESPONSE_BIT));
        CHECK_EQUAL(answers, 1);
        CHECK_EQUAL(asked, 0);
    }
}

static void the_application_itself_may_enter_at_any_time(void) {
    start(may_enter);
    lets_go = false;
    if (setjmp(reset) == 0) {
        iap_app_enter_bootloader();
    }
    CHECK_EQUAL(asked, 0);
    CHECK_EQUAL(iap_mailbox_take(test_mailbox).request, IAP_REQUEST_ENTER);
}

int main(void) {
    RUN(without_a_callback_enter_is_obeyed);
    RUN(an_application_that_lets_go_is_left);
    RUN(a_refusal_has_the_applications_detail);
    RUN(it_is_asked_again_each_time);
    RUN(broadcast_is_refused_in_silence);
    RUN(nothing_else_asks_it);
    RUN(the_application_itself_may_enter_at_any_time);
    return 0;
}
