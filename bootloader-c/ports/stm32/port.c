// An STM32F0, F1 or F3 as the core sees it.
#include "port.h"

#include "board.h"
#include "clock.h"
#include "crc.h"
#include "driver.h"
#include "family.h"
#include "flash.h"
#include "iap_bytes.h"
#include "iap_frame.h"
#include "supply.h"
#include "usart.h"

#define ANSWER_MS 50u

// For a pair to fall silent: HELLO's answer begins within ANSWER_MS all the same, or not at all;
// later only behind another device's.
#define TURN_ROUND_WAIT_MS 40u

// In all, another device's responses included: HELLO's takes 260 ms at 9600 baud.
#define RESPONSE_WAIT_MS 400u

// Reads of IWDG_SR: some ms, of which a change of the prescaler takes a tenth at most.
#define WATCHDOG_WAITS 20000u

// What the data sheet allows at most, and a fifth for wear and for the code around it.
#define ERASE_MS   (BOARD_ERASE_MS * 6u / 5u)
#define PROGRAM_US (BOARD_PROGRAM_US * 6u / 5u)

static struct {
    bool started;
    struct systick systick;
    struct usart usart;
#if BOARD_HALF_DUPLEX
    uint32_t heard_ms; // the last byte
    bool answering;
    bool dropped; // that answer
#endif
} state;

static uint32_t now_ms(void *context) {
    (void)context;
    return systick_ms(&state.systick);
}

static void poll(void *context) {
    (void)context;
    IWDG_KR = IWDG_KEY_FEED;
    if (!state.started) {
        return;
    }
#if BOARD_HAS_WATCHDOG_PIN
    gpio_output(BOARD_WATCHDOG_PORT, BOARD_WATCHDOG_PIN,
                !gpio_output_is(BOARD_WATCHDOG_PORT, BOARD_WATCHDOG_PIN));
#endif
    usart_clear_errors();
    (void)systick_ms(&state.systick);
}

static size_t receive(void *context, uint8_t *bytes, size_t size) {
    size_t count = usart_receive(&state.usart, bytes, size);
#if BOARD_HALF_DUPLEX
    if (count > 0) {
        state.heard_ms = now_ms(context);
    }
#endif
    (void)context;
    return count;
}

// Until whoever spoke last has let go of the pair. false: there is no answer any more, because the
// host went on to another request, or it would come so late that the host may be calling again. A
// request shows by its length and its type, which COBS leaves in its place. Not so another device's
// response: by an answer after it the host sees that address 0 has two.
#if BOARD_HALF_DUPLEX
static bool wait_turn_round(void *context) {
    uint32_t began_ms = now_ms(context);
    uint32_t since_ms = began_ms; // or since another device's response
    uint32_t heard = 0;
    uint32_t run = 0; // bytes of a frame
    uint8_t type = 0;
    do {
        if (usart_waiting(&state.usart) > heard) {
            uint8_t byte = usart_peek(&state.usart, heard++);
            state.heard_ms = now_ms(context);
            if (byte != IAP_FRAME_DELIMITER) {
                type = ++run == 3 ? byte : type;
            } else if (run > IAP_FRAME_OVERHEAD && (type & IAP_RESPONSE_BIT) == 0) {
                return false;
            } else {
                since_ms = run > IAP_FRAME_OVERHEAD ? state.heard_ms : since_ms;
                run = 0;
            }
        }
        poll(context);
        bool response = run >= 3 && (type & IAP_RESPONSE_BIT) != 0;
        if ((!response && now_ms(context) - since_ms > TURN_ROUND_WAIT_MS) ||
            now_ms(context) - began_ms > RESPONSE_WAIT_MS) {
            return false;
        }
    } while (now_ms(context) - state.heard_ms <= BOARD_TURN_ROUND_MS);
    return true;
}
#endif

static void send(void *context, const uint8_t *bytes, size_t size) {
#if BOARD_HALF_DUPLEX
    bool begins = !state.answering;
    if (begins) { // later pieces of an answer follow at once, whatever an echo brings
        state.dropped = !wait_turn_round(context);
        if (!state.dropped) {
            driver_on();
        }
    }
    if (!state.dropped) {
        usart_send(bytes, size);
    }
    // 0x00 begins an answer and ends it.
    state.answering = begins || size == 0 || bytes[size - 1] != IAP_FRAME_DELIMITER;
    if (!state.answering) {
        usart_flush();
        driver_off();
    }
#else
    (void)context;
    usart_send(bytes, size);
#endif
}

static uint32_t nearest_rate(void *context, uint32_t rate) {
    (void)context;
    return usart_nearest_rate(&state.usart, rate);
}

static void set_rate(void *context, uint32_t rate) {
    (void)context;
    usart_set_rate(&state.usart, rate);
}

static const uint8_t *flash(void *context, uint32_t address) {
    (void)context;
    return (const uint8_t *)(uintptr_t)address;
}

static bool erase_page(void *context, uint32_t address) {
    (void)context;
    return flash_erase_page(address);
}

static size_t program_run(void *context, uint32_t address, const uint8_t *bytes, size_t size) {
    (void)context;
    return flash_program_run(address, bytes, size);
}

#if BOARD_SUPPLY_MV > 0
static bool port_supply_low(void *context) {
    (void)context;
    return supply_low();
}
#endif

#if BOARD_HAS_BUTTON
static void button_start(void) {
    gpio_clock(BOARD_BUTTON_PORT);
    gpio_input(BOARD_BUTTON_PORT, BOARD_BUTTON_PIN, !BOARD_BUTTON_ACTIVE_HIGH);
}

static bool button(void *context) {
    (void)context;
    return gpio_read(BOARD_BUTTON_PORT, BOARD_BUTTON_PIN) == BOARD_BUTTON_ACTIVE_HIGH;
}
#endif

// What lies below the record: all that the application must not change.
#define BOOTLOADER_UNITS                                                                           \
    ((BOARD_APP_BASE - 2u * IAP_RECORD_AREA_SIZE - BOARD_FLASH_BASE) / FLASH_WRPR_UNIT)

static uint8_t protection(void *context) {
    (void)context;
    uint32_t option_bytes = FLASH_OBR;
    bool writable = (FLASH_WRPR & ((1u << BOOTLOADER_UNITS) - 1u)) != 0;
    return (
        uint8_t)(((option_bytes & FLASH_OBR_RDPRT) != 0 ? IAP_SECURITY_FLAG_READ_PROTECTED : 0) |
                 ((option_bytes & FLASH_OBR_RDPRT2) != 0 ? IAP_SECURITY_FLAG_READ_LOCKED : 0) |
                 (writable ? 0 : IAP_SECURITY_FLAG_WRITE_PROTECTED));
}

static void restart(void *context, const uint8_t mailbox[IAP_MAILBOX_SIZE]) {
    (void)context;
    usart_flush();
    mask_interrupts();
    iap_copy(MAILBOX, mailbox, IAP_MAILBOX_SIZE);
    system_reset();
}

static bool crc32(void *context, uint32_t *crc, const uint8_t *bytes, size_t words) {
    (void)context;
    return crc_words(crc, bytes, words);
}

static const struct iap_port port = {
    .now_ms = now_ms,
    .poll = poll,
    .receive = receive,
    .send = send,
    .nearest_rate = nearest_rate,
    .set_rate = set_rate,
    .flash = flash,
    .erase_page = erase_page,
#if BOARD_SUPPLY_MV > 0
    .supply_low = port_supply_low,
#endif
#if BOARD_HAS_BUTTON
    .button = button,
#endif
    .protection = protection,
    .restart = restart,
    .crc32 = crc32,
    .program_run = program_run,
};

static NOT_CLEARED uint8_t frame_buffer[BOARD_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
static NOT_CLEARED uint8_t answer_buffer[BOARD_MAX_PAYLOAD + IAP_FRAME_OVERHEAD];
static NOT_CLEARED uint8_t page_buffer[BOARD_PAGE_SIZE + IAP_PAGE_SPARE];

static struct iap_config config = {
    .part = BOARD_PART,
    .unique_id = (const uint8_t *)(uintptr_t)BOARD_UNIQUE_ID,
    .page_size = BOARD_PAGE_SIZE,
    .app_base = BOARD_APP_BASE,
    .app_end = BOARD_APP_END,
    .ram_base = BOARD_RAM_BASE,
    .ram_end = BOARD_RAM_END,
    .default_rate = BOARD_RATE,
    .max_rate = BOARD_MAX_RATE,
    .window = BOARD_RING_SIZE - RING_RESERVE,
    .max_payload = BOARD_MAX_PAYLOAD,
    .frame_buffer = frame_buffer,
    .answer_buffer = answer_buffer,
    .page_buffer = page_buffer,
    .page_buffer_size = sizeof page_buffer,
    .listen_ms = BOARD_LISTEN_MS,
    .idle_ms = BOARD_IDLE_MS,
    .verify_at_boot = PORT_SIGNED_ONLY && BOARD_VERIFY_AT_BOOT,
    .trials = BOARD_TRIALS,
    .capabilities = BOARD_HALF_DUPLEX ? IAP_CAPABILITY_HALF_DUPLEX : 0,
};

struct iap_target port_target(void) {
    return (struct iap_target){&config, &port};
}

uint32_t port_reset_flags(void) {
    return RCC_CSR;
}

// Time to work through the whole application area at this many cycles a byte.
static uint16_t area_ms(uint32_t clock_hz, uint32_t cycles_per_byte) {
    uint32_t cycles = (BOARD_APP_END - BOARD_APP_BASE) * cycles_per_byte;
    return (uint16_t)(cycles / (clock_hz / 1000u) + ANSWER_MS);
}

#define DRIVE(n, pin, high)                                                                        \
    gpio_clock(n);                                                                                 \
    gpio_output(n, pin, high);

static void watchdog_set(uint32_t prescaler) {
    IWDG_KR = IWDG_KEY_UNLOCK;
    IWDG_PR = prescaler;
    IWDG_RLR = IWDG_RLR_MAX;
    IWDG_KR = IWDG_KEY_FEED;
}

// A watchdog that hardware started may leave 273 ms, and a signature takes seconds. Where it is not
// running its registers are left alone: a change would wait in them for the application's.
#define SLOW_WATCHDOG (PORT_SIGNED_ONLY && BOARD_VERIFY_AT_BOOT)

void port_clock_start(void) {
    (void)clock_start();
    if (SLOW_WATCHDOG && (FLASH_OBR & FLASH_OBR_WDG_SW) == 0) {
        watchdog_set(IWDG_PR_256);
    }
}

void port_clock_stop(void) {
    if (SLOW_WATCHDOG && (FLASH_OBR & FLASH_OBR_WDG_SW) == 0) {
        for (uint32_t i = 0; i < WATCHDOG_WAITS && IWDG_SR != 0; i++) {
        }
        watchdog_set(0);
        for (uint32_t i = 0; i < WATCHDOG_WAITS && IWDG_SR != 0; i++) {
        }
    }
    clock_stop();
}

void port_start(uint32_t rate) {
    // A watchdog that hardware started may leave 273 ms. Without one these writes do nothing.
    watchdog_set(IWDG_PR_256);

    BOARD_PINS(DRIVE)
#if BOARD_HAS_WATCHDOG_PIN
    gpio_clock(BOARD_WATCHDOG_PORT);
#endif
    vectors_own(BOARD_FLASH_BASE);
    uint32_t clock_hz = clock_start();
    uint32_t page_ms = ERASE_MS + BOARD_PAGE_SIZE / 2u * PROGRAM_US / 1000u;
    uint32_t inflate_ms = BOARD_PAGE_SIZE * CYCLES_PER_BYTE_INFLATE / (clock_hz / 1000u);
    config.page_ms = (uint16_t)(page_ms + inflate_ms + ANSWER_MS);
    config.pages_ms = area_ms(clock_hz, CYCLES_PER_BYTE_CRC);
    // An entry of the record, in the other area: the first page makes it, or END.
    uint32_t entry_ms = 2u * page_ms * IAP_RECORD_AREA_SIZE / BOARD_PAGE_SIZE;
    config.begin_ms = (uint16_t)(config.pages_ms + entry_ms);
    config.end_ms = (uint16_t)(area_ms(clock_hz, CYCLES_PER_BYTE_VERIFY) + entry_ms);
#if PORT_SIGNED_ONLY
    uint32_t signature_ms = KCYCLES_SIGNATURE / (clock_hz / 1000000u);
    config.begin_ms = (uint16_t)(config.begin_ms + signature_ms);
    // And all pages behind the image are erased.
    config.end_ms = (uint16_t)(config.end_ms + signature_ms +
                               ERASE_MS * ((BOARD_APP_END - BOARD_APP_BASE) / BOARD_PAGE_SIZE));
#endif
    systick_start(&state.systick, clock_hz);
    usart_start(&state.usart, clock_hz, rate);
    state.started = true;
#if BOARD_SUPPLY_MV > 0
    supply_start();
#endif
#if BOARD_HAS_BUTTON
    button_start();
#endif
}
