// Generated from protocol/protocol.json by protocol/generate.mjs. Do not edit.
#ifndef IAP_PROTOCOL_H
#define IAP_PROTOCOL_H

#define IAP_PROTOCOL_MAJOR 1u
#define IAP_PROTOCOL_MINOR 2u

// Ends every frame and begins every burst. Never occurs inside an encoded frame.
#define IAP_FRAME_DELIMITER 0u
// address, type, seq [bytes]
#define IAP_FRAME_HEADER_SIZE 3u
// CRC-32 over address, type, seq and payload, little-endian, last in the decoded frame [bytes]
#define IAP_FRAME_CRC_SIZE 4u
// A response has its request's type with this bit set.
#define IAP_RESPONSE_BIT 0x80u
// No frame in either direction carries more. A device announces its own smaller limit for what it receives. [bytes]
#define IAP_MAX_PAYLOAD 4096u
// Every bootloader accepts payloads up to at least this, so that BEGIN and a page's first 257 bytes always fit. [bytes]
#define IAP_MIN_PAYLOAD_LIMIT 272u
// The smallest reception window a bootloader may announce. [bytes]
#define IAP_MIN_WINDOW 1024u
// The longest dictionary of a compressed page: DEFLATE reaches back no farther. [bytes]
#define IAP_MAX_DICTIONARY 32768u
// Beyond a page, of the room in which a compressed page and what is decoded of it lie: it comes at the end of that room and is decoded to its beginning. [bytes]
#define IAP_PAGE_SPARE 32u
// Frames sent since the newest answered one, so that an 8-bit seq stays unambiguous. [frames]
#define IAP_MAX_UNANSWERED 127u
// The only device on this line. Every device accepts it.
#define IAP_ADDRESS_ONLY 0u
// Every device. Only ENTER, BOOT and ABORT; never answered. 1 to 254 are bus addresses.
#define IAP_ADDRESS_BROADCAST 255u
// HELLO with hold is sent this often, without waiting, to catch a listening window. [ms]
#define IAP_CALL_INTERVAL_MS 20u
// A host that thinks repeats HELLO with hold this often. [ms]
#define IAP_HOLD_REFRESH_MS 2000u
// After a reset a bootloader listens for HELLO with hold at least this long before it starts the application. [ms]
#define IAP_LISTEN_MS 100u
// A bootloader that has a good application leaves after this long without a valid frame addressed to it. HELLO without hold does not count; nor does the device's own work. [ms]
#define IAP_IDLE_MS 10000u
// After BAUD a valid frame must arrive at the new rate within this time, or the device returns to its default rate. [ms]
#define IAP_RATE_PROOF_MS 1000u
// Without a valid frame for this long a device returns from a changed rate to its default rate, in every state, keeping the update. [ms]
#define IAP_RATE_IDLE_MS 3000u
// How long a bootloader stays when an image's trial boots are used up, or after a fault of its own, before it starts a good image anyway. [ms]
#define IAP_TRIALS_STAY_MS 60000u
// How long an application may take to answer HELLO or ENTER. [ms]
#define IAP_APP_ANSWER_MS 200u
// The bytes I A P H
#define IAP_HEADER_MAGIC 0x48504149u
// Format of the image header
#define IAP_HEADER_FORMAT 1u
// The bytes I A P R
#define IAP_RECORD_MAGIC 0x52504149u
// Format of the boot record
#define IAP_RECORD_FORMAT 1u
// Entries in one record area
#define IAP_RECORD_SLOTS 7u
// One record area: two pages of 1 KB or one of 2 KB [bytes]
#define IAP_RECORD_AREA_SIZE 2048u
// Trial marks in an entry, and so the most trial boots an image can have
#define IAP_RECORD_TRIALS 6u
// A state half-word as erased. Anything else is set, but for VALID.
#define IAP_STATE_CLEAR 0xffffu
// What a state half-word is programmed to. VALID counts as set only if it reads exactly this.
#define IAP_STATE_SET 0x0000u
// The bytes I A P M
#define IAP_MAILBOX_MAGIC 0x4d504149u
// The mailbox is at this SRAM address on every part; nobody initialises it.
#define IAP_MAILBOX_ADDRESS 0x20001fe0u
// The bytes I A P I
#define IAP_IDENTITY_MAGIC 0x49504149u
// The bytes I A Y K
#define IAP_KEYS_MAGIC 0x4b594149u
// Format of the key block
#define IAP_KEYS_FORMAT 1u
// Keys in the key block
#define IAP_KEY_SLOTS 4u
// The bytes I A P K
#define IAP_KIT_MAGIC 0x4b504149u
// Format of the kit's facts
#define IAP_KIT_FORMAT 1u
// Start of flash and of the bootloader
#define IAP_BOOTLOADER_BASE 0x08000000u
// 28 KB of bootloader code, key and identity block included, where APP_BASE is as below [bytes]
#define IAP_BOOTLOADER_SIZE 28672u
// The last 64 bytes of the bootloader: 4160 below APP_BASE
#define IAP_IDENTITY_ADDRESS 0x08006fc0u
// The key block, below the identity block: 4480 below APP_BASE
#define IAP_KEYS_ADDRESS 0x08006e80u
// Boot record area A: 4096 below APP_BASE
#define IAP_RECORD_A_ADDRESS 0x08007000u
// Boot record area B: 2048 below APP_BASE
#define IAP_RECORD_B_ADDRESS 0x08007800u
// Where applications are linked by default; HELLO announces what a device really has. Another APP_BASE moves the four addresses above with it.
#define IAP_APP_BASE 0x08008000u
// Vectors a Cortex-M0 bootloader copies to the start of SRAM
#define IAP_VECTOR_WORDS_M0 48u

// Check value of CRC-32/ISO-HDLC
#define IAP_CRC_CHECK 0xcbf43926u
#define IAP_CRC_POLYNOMIAL 0x04c11db7u

// Message types of requests
enum iap_command {
    IAP_COMMAND_HELLO = 1, // Who is there? Answered by bootloaders and by applications. The first three bytes of the response keep their meaning in every future version. A bootloader that takes signed images alone appends the structure security.
    IAP_COMMAND_BAUD = 2, // Change the rate. Answered at the old rate; the device changes after the answer's last bit and returns to its default rate if no valid frame arrives within RATE_PROOF_MS.
    IAP_COMMAND_PAGES = 3, // CRC-32 of whole flash pages: of the running session's image; without a session of the installed image, from devices that take unsigned ones
    IAP_COMMAND_BEGIN = 4, // Begin or resume the update to the image that the header describes. Refusals come before anything is written. Resets page assembly: the next DATA frame opens a page.
    IAP_COMMAND_DATA = 5, // A piece of a page. Answered only with ASK. A frame without head and bytes only asks: it is never taken and needs no right number.
    IAP_COMMAND_END = 6, // All is sent: verify the image in flash and make it valid
    IAP_COMMAND_BOOT = 7, // Start the application. The device answers, waits for the last bit, and starts without a listening window.
    IAP_COMMAND_ABORT = 8, // Give the session up. An update that wrote no page is forgotten; one that did stays resumable.
    IAP_COMMAND_ENTER = 9, // From application to bootloader. The application answers, then resets; a bootloader answers OK and stays.
};

// First byte of every response. From 0x40 on it is a refusal: the response is then the structure refusal, whatever the request was.
enum iap_status {
    IAP_STATUS_OK = 0, // Done
    IAP_STATUS_GAP = 1, // A DATA frame with a number above the expected one arrived since the last one taken; send again from next
    IAP_STATUS_PAGE_REJECTED = 2, // A page was not accepted and nothing of it was written; detail is a rejection; send it again from next
    IAP_STATUS_FLASH_FAILED = 3, // Erasing, programming or reading back failed; detail is the address; send the page again from next
    IAP_STATUS_VERIFY_FAILED = 4, // The whole image in flash is not what the header says; detail is a set of check bits
    IAP_STATUS_UNKNOWN_COMMAND = 0x40, // This type is not known here
    IAP_STATUS_BAD_REQUEST = 0x41, // Payload too short: detail is its length. An argument out of range: detail is the offset of the field
    IAP_STATUS_NO_SESSION = 0x42, // No session is open: none was begun since the device started, or it has ended
    IAP_STATUS_IN_APP = 0x43, // The application is running and does not do this; send ENTER first
    IAP_STATUS_NOT_NOW = 0x44, // The application does not want to be left at this moment; ask again later. detail is the application's own, 0 if it has none
    IAP_STATUS_BAD_HEADER = 0x50, // Image header with a wrong magic, format or size; detail is the offset of the field in the header
    IAP_STATUS_WRONG_PRODUCT = 0x51, // The image is for another product
    IAP_STATUS_WRONG_HARDWARE = 0x52, // The image is not for this hardware revision; detail is the device's
    IAP_STATUS_WRONG_DEVICE = 0x53, // The image is for one device with another unique id
    IAP_STATUS_WRONG_ADDRESS = 0x54, // The image is linked for another address; detail is the device's APP_BASE
    IAP_STATUS_WRONG_SIZE = 0x55, // The image is empty or does not fit; detail is the largest size
    IAP_STATUS_ROLLBACK = 0x56, // The image's security counter is below the device's; detail is the device's
    IAP_STATUS_NOT_CAPABLE = 0x57, // The image needs what this bootloader lacks; detail is the missing capability or flag bits
    IAP_STATUS_BAD_SIGNATURE = 0x58, // The image is not signed as this device wants it; detail is a signature_fault
    IAP_STATUS_PACKAGE_ONLY = 0x59, // This device takes only packages made for its product, not plain images
    IAP_STATUS_RECORD_FAILED = 0x5a, // The boot record could not be written; detail is the address
    IAP_STATUS_SUPPLY_LOW = 0x5b, // The supply is too low to change flash; nothing is lost, the same may be asked again once it has risen; detail is 0
    IAP_STATUS_NOT_BOOTABLE = 0x60, // There is no verified application to start; detail is why the device would stay now (stay)
    IAP_STATUS_RATE_UNAVAILABLE = 0x61, // The device cannot make this baud rate closely enough; detail is its highest rate
};

// Who answers
enum iap_mode {
    IAP_MODE_BOOTLOADER = 0, // The bootloader
    IAP_MODE_APP = 1, // The application, through the app kit
};

// Why the bootloader stayed in control at its last pass through the boot decision
enum iap_stay {
    IAP_STAY_NONE = 0, // It did not stay, or has not decided yet
    IAP_STAY_FAULT = 1, // The bootloader met a fault; the boot record is not read before a host asks
    IAP_STAY_ASKED = 2, // The application asked for it (ENTER)
    IAP_STAY_BUTTON = 3, // The button was held
    IAP_STAY_HOST = 4, // A host called with hold in the listening window
    IAP_STAY_NO_RECORD = 5, // No application was ever installed
    IAP_STAY_IN_PROGRESS = 6, // An update is begun and not finished
    IAP_STAY_IMAGE_BAD = 7, // The application's CRC-32 or vector table is wrong
    IAP_STAY_TRIALS_USED = 8, // The application never confirmed itself in its trial boots
};

// Detail of PAGE_REJECTED
enum iap_rejection {
    IAP_REJECTION_CRC = 1, // The assembled page does not have the CRC-32 in its head
    IAP_REJECTION_PAGE = 2, // The page number is outside the image
    IAP_REJECTION_LENGTH = 3, // A length in the head is wrong, or a frame carries more than its page still needs
    IAP_REJECTION_ENCODING = 4, // The encoding is not known here
    IAP_REJECTION_NO_HEAD = 5, // Bytes came where a page head was due
    IAP_REJECTION_DICTIONARY = 6, // The dictionary is not of the application's area, is too long, or none may be used on this device
    IAP_REJECTION_STREAM = 7, // The compressed bytes do not decode to decoded_length bytes in the room that there is
};

// How a page's bytes travel
enum iap_encoding {
    IAP_ENCODING_RAW = 0, // As they shall be in flash
    IAP_ENCODING_DEFLATE = 1, // The structure deflate_head, then a raw DEFLATE stream (RFC 1951) of the page; needs the capability
};

// What BEGIN found
enum iap_begun {
    IAP_BEGUN_STARTED = 0, // A new update; its record entry is made with its first page
    IAP_BEGUN_RESUMED = 1, // An unfinished entry or a running session with this header goes on
    IAP_BEGUN_INSTALLED = 2, // This very image is installed and verified; no session was opened
};

// What the mailbox asks for
enum iap_request {
    IAP_REQUEST_NONE = 0, // Nothing
    IAP_REQUEST_START = 1, // Start the application that the token names (bootloader to itself)
    IAP_REQUEST_ENTER = 2, // Stay in the bootloader (application to bootloader)
    IAP_REQUEST_FAULT = 3, // The bootloader met a fault (bootloader to itself)
    IAP_REQUEST_REPORT = 4, // The bootloader's report to the application it started
};

// Signature algorithm of an image
enum iap_signature {
    IAP_SIGNATURE_NONE = 0, // Not signed
    IAP_SIGNATURE_ECDSA_P256 = 1, // ECDSA with P-256 and SHA-256, r and s of 32 bytes each, big-endian; s at most half the group's order
};

// Detail of BAD_SIGNATURE: why the image is not trusted. Bootloaders of version 1.0 answer 0.
enum iap_signature_fault {
    IAP_SIGNATURE_FAULT_UNSAID = 0, // A signed image where no key is known, or the device does not say
    IAP_SIGNATURE_FAULT_KEYS = 1, // The device's key block is blank or damaged: it takes no image
    IAP_SIGNATURE_FAULT_IDENTITY = 2, // The device's identity block is blank or damaged: it takes no image
    IAP_SIGNATURE_FAULT_MISSING = 3, // The image is not signed
    IAP_SIGNATURE_FAULT_ALGORITHM = 4, // The key of this number is for another algorithm
    IAP_SIGNATURE_FAULT_NO_KEY = 5, // The device has no key of this number
    IAP_SIGNATURE_FAULT_REVOKED = 6, // The key was revoked
    IAP_SIGNATURE_FAULT_REVOCATION = 7, // The image revokes other keys than the device's newest verified one, and may not: only a root key may, never fewer, and never a root key
    IAP_SIGNATURE_FAULT_WRONG = 8, // The signature does not fit the header and the key
};

// What a key may do
enum iap_key_role {
    IAP_KEY_ROLE_ROOT = 1, // Signs images and may revoke other keys; can not be revoked. Kept offline
    IAP_KEY_ROLE_RELEASE = 2, // Signs images
    IAP_KEY_ROLE_DEVELOPMENT = 3, // Signs images; not for units that leave the house
    IAP_KEY_ROLE_NONE = 255, // No key in this slot
};

// Flags of HELLO
#define IAP_HELLO_FLAG_HOLD 0x1u // Stay in the bootloader. Without it HELLO only identifies.

// Flags of BEGIN
#define IAP_BEGIN_FLAG_RENEW 0x1u // Begin even if this very image counts as installed

// Flags of DATA
#define IAP_DATA_FLAG_ASK 0x1u // Answer this frame
#define IAP_DATA_FLAG_HEAD 0x2u // The page head comes first: this frame opens a page

// Flags of a page head
#define IAP_PAGE_FLAG_FORCE 0x1u // Erase and program even if the page in flash has this CRC already

// Detail of VERIFY_FAILED
#define IAP_CHECK_SHA256 0x1u // SHA-256 differs
#define IAP_CHECK_CRC32 0x2u // CRC-32 differs
#define IAP_CHECK_VECTORS 0x4u // Stack pointer outside RAM or not aligned, or reset vector even or outside the image
#define IAP_CHECK_PADDING 0x8u // What is behind the image in its last page is not 0xFF; only where signed images alone are taken

// State of an image in the boot record
#define IAP_IMAGE_STATE_PRESENT 0x1u // There is such an entry
#define IAP_IMAGE_STATE_TOUCHED 0x2u // Writing its pages was begun
#define IAP_IMAGE_STATE_VALID 0x4u // It was verified when its update ended
#define IAP_IMAGE_STATE_CONFIRMED 0x8u // It confirmed itself
#define IAP_IMAGE_STATE_CHECKED 0x10u // Its CRC-32 and vectors were checked since the device started; until then GOOD means nothing
#define IAP_IMAGE_STATE_GOOD 0x20u // That check was passed
#define IAP_IMAGE_STATE_TRIALS_USED 0x40u // It needs confirmation, has none, and its trial boots are used up

// What a bootloader can do beyond the required
#define IAP_CAPABILITY_BAUD 0x1u // BAUD works
#define IAP_CAPABILITY_CONFIRM 0x2u // Trial boots and confirmation work
#define IAP_CAPABILITY_DEFLATE 0x4u // Page encoding DEFLATE works
#define IAP_CAPABILITY_SIGNATURE 0x8u // Signed images are verified and unsigned ones refused
#define IAP_CAPABILITY_DICTIONARY 0x10u // Page encoding DEFLATE may copy from pages in flash. Clear where flash must not be read out
#define IAP_CAPABILITY_HALF_DUPLEX 0x20u // The line is a half-duplex pair: who sends is not heard by others that send, so a host waits for each answer. From an application too

// Flags of an image header. A bootloader refuses an image with a flag in bits 16 to 31 that it does not know.
#define IAP_IMAGE_FLAG_CONFIRM 0x10000u // The application must confirm itself within its trial boots

// What protects a device
#define IAP_SECURITY_FLAG_SIGNED_ONLY 0x1u // Only signed images are taken
#define IAP_SECURITY_FLAG_KEYS 0x2u // The key block is there and right
#define IAP_SECURITY_FLAG_READ_PROTECTED 0x4u // Read-out protection of the chip is on, level 1 or 2
#define IAP_SECURITY_FLAG_READ_LOCKED 0x8u // It is level 2, for ever
#define IAP_SECURITY_FLAG_WRITE_PROTECTED 0x10u // All of the bootloader, its blocks included, is write-protected
#define IAP_SECURITY_FLAG_BOOT_VERIFIED 0x20u // The signature is checked at every start of the application too

// Flags of the identity block; as erased (all set) none applies, so each is active when 0. Bits without a name are 1
#define IAP_IDENTITY_FLAG_ANY_IMAGE 0x1u // Set: plain images are taken. Clear: only packages made for this product. A device that takes signed images alone takes only those, whichever it is.

// Response whose status is 0x40 or above, to any request: offsets of its fields, and its size
#define IAP_REFUSAL_AT_STATUS 0u
#define IAP_REFUSAL_AT_DETAIL 1u
#define IAP_REFUSAL_SIZE 5u

// Version of an image, compared field by field from the first: offsets of its fields, and its size
#define IAP_VERSION_AT_MAJOR 0u
#define IAP_VERSION_AT_MINOR 2u
#define IAP_VERSION_AT_PATCH 4u
#define IAP_VERSION_AT_BUILD 6u
#define IAP_VERSION_SIZE 8u

// What HELLO says of an image; all zero if there is none: offsets of its fields, and its size
#define IAP_IMAGE_AT_STATE 0u
#define IAP_IMAGE_AT_TRIALS 1u
#define IAP_IMAGE_AT_RESERVED 2u
#define IAP_IMAGE_AT_SEQUENCE 4u
#define IAP_IMAGE_AT_SIZE 8u
#define IAP_IMAGE_AT_CRC32 12u
#define IAP_IMAGE_AT_SHA256 16u
#define IAP_IMAGE_AT_VERSION 48u
#define IAP_IMAGE_SIZE 56u

// Opens a page in a DATA frame with HEAD: offsets of its fields, and its size
#define IAP_PAGE_HEAD_AT_PAGE 0u
#define IAP_PAGE_HEAD_AT_ENCODING 2u
#define IAP_PAGE_HEAD_AT_FLAGS 3u
#define IAP_PAGE_HEAD_AT_DECODED_LENGTH 4u
#define IAP_PAGE_HEAD_AT_ENCODED_LENGTH 6u
#define IAP_PAGE_HEAD_AT_CRC32 8u
#define IAP_PAGE_HEAD_SIZE 12u

// First bytes of a page of encoding DEFLATE, counted in encoded_length: the whole pages of flash that its stream may copy from, as they are when the page is complete, this page among them: offsets of its fields, and its size
#define IAP_DEFLATE_HEAD_AT_DICTIONARY_END 0u
#define IAP_DEFLATE_HEAD_AT_DICTIONARY_PAGES 2u
#define IAP_DEFLATE_HEAD_SIZE 4u

// Image header: in BEGIN, in the boot record, and first in a package. The signature covers bytes 0 to 191.: offsets of its fields, and its size
#define IAP_HEADER_AT_MAGIC 0u
#define IAP_HEADER_AT_FORMAT 4u
#define IAP_HEADER_AT_HEADER_SIZE 6u
#define IAP_HEADER_AT_PRODUCT 8u
#define IAP_HEADER_AT_HARDWARE_MIN 24u
#define IAP_HEADER_AT_HARDWARE_MAX 26u
#define IAP_HEADER_AT_VERSION 28u
#define IAP_HEADER_AT_SECURITY_COUNTER 36u
#define IAP_HEADER_AT_LOAD_ADDRESS 40u
#define IAP_HEADER_AT_IMAGE_SIZE 44u
#define IAP_HEADER_AT_IMAGE_CRC32 48u
#define IAP_HEADER_AT_IMAGE_SHA256 52u
#define IAP_HEADER_AT_FLAGS 84u
#define IAP_HEADER_AT_CAPABILITIES 88u
#define IAP_HEADER_AT_BUILD_ID 92u
#define IAP_HEADER_AT_UNIQUE_ID 112u
#define IAP_HEADER_AT_USABLE_KEYS 124u
#define IAP_HEADER_AT_RESERVED 125u
#define IAP_HEADER_AT_SIGNATURE_ALGORITHM 188u
#define IAP_HEADER_AT_KEY_ID 189u
#define IAP_HEADER_AT_RESERVED2 190u
#define IAP_HEADER_AT_SIGNATURE 192u
#define IAP_HEADER_SIZE 256u

// Identity block in the last 64 bytes of the bootloader's area, written by the factory. Blank: fits any product and hardware revision. Damaged: fits the product of the newest verified image alone, or any if there is none. In both cases HELLO has zeros for product and revision; no bus address; the board's default rate. A device that takes signed images alone takes none then. Its product is never all zero.: offsets of its fields, and its size
#define IAP_IDENTITY_AT_MAGIC 0u
#define IAP_IDENTITY_AT_PRODUCT 4u
#define IAP_IDENTITY_AT_HARDWARE 20u
#define IAP_IDENTITY_AT_ADDRESS 22u
#define IAP_IDENTITY_AT_FLAGS 23u
#define IAP_IDENTITY_AT_DEFAULT_RATE 24u
#define IAP_IDENTITY_AT_SERIAL 28u
#define IAP_IDENTITY_AT_RESERVED 44u
#define IAP_IDENTITY_AT_CRC32 60u
#define IAP_IDENTITY_SIZE 64u

// One key of the key block; all 0xFF: none: offsets of its fields, and its size
#define IAP_KEY_SLOT_AT_ROLE 0u
#define IAP_KEY_SLOT_AT_ALGORITHM 1u
#define IAP_KEY_SLOT_AT_RESERVED 2u
#define IAP_KEY_SLOT_AT_POINT 4u
#define IAP_KEY_SLOT_SIZE 68u

// Keys that may sign images, below the identity block, written by the factory. Only bootloaders that take signed images alone read it; blank or damaged, they take none. Any slot may be empty; without a ROOT key nothing can be revoked.: offsets of its fields, and its size
#define IAP_KEY_BLOCK_AT_MAGIC 0u
#define IAP_KEY_BLOCK_AT_FORMAT 4u
#define IAP_KEY_BLOCK_AT_RESERVED 6u
#define IAP_KEY_BLOCK_AT_KEY0 8u
#define IAP_KEY_BLOCK_AT_KEY1 76u
#define IAP_KEY_BLOCK_AT_KEY2 144u
#define IAP_KEY_BLOCK_AT_KEY3 212u
#define IAP_KEY_BLOCK_AT_RESERVED2 280u
#define IAP_KEY_BLOCK_AT_CRC32 316u
#define IAP_KEY_BLOCK_SIZE 320u

// What HELLO says of a key: offsets of its fields, and its size
#define IAP_KEY_SUMMARY_AT_ROLE 0u
#define IAP_KEY_SUMMARY_AT_FINGERPRINT 1u
#define IAP_KEY_SUMMARY_SIZE 9u

// Behind the response to HELLO, from a bootloader that takes signed images alone. Where the response ends before it, the device takes unsigned images, or its application answered.: offsets of its fields, and its size
#define IAP_SECURITY_AT_FLAGS 0u
#define IAP_SECURITY_AT_USABLE_KEYS 1u
#define IAP_SECURITY_AT_RESERVED 2u
#define IAP_SECURITY_AT_SECURITY_COUNTER 4u
#define IAP_SECURITY_AT_KEY0 8u
#define IAP_SECURITY_AT_KEY1 17u
#define IAP_SECURITY_AT_KEY2 26u
#define IAP_SECURITY_AT_KEY3 35u
#define IAP_SECURITY_SIZE 44u

// Header of a record area, written after the entries that it takes over. An area is good if its header is right and SEALED is set; the good one with the higher generation is active. Its RECORD_SLOTS entries follow, from offset 20 on, one behind the other. First generation and first sequence are 1.: offsets of its fields, and its size
#define IAP_AREA_HEADER_AT_MAGIC 0u
#define IAP_AREA_HEADER_AT_FORMAT 4u
#define IAP_AREA_HEADER_AT_SLOT_SIZE 6u
#define IAP_AREA_HEADER_AT_GENERATION 8u
#define IAP_AREA_HEADER_AT_CRC32 12u
#define IAP_AREA_HEADER_AT_SEALED 16u
#define IAP_AREA_HEADER_AT_RESERVED 18u
#define IAP_AREA_HEADER_SIZE 20u

// One entry of the boot record. The newest entry with TOUCHED set decides what is started.: offsets of its fields, and its size
#define IAP_RECORD_SLOT_AT_SEQUENCE 0u
#define IAP_RECORD_SLOT_AT_HEADER 4u
#define IAP_RECORD_SLOT_AT_CRC32 260u
#define IAP_RECORD_SLOT_AT_WRITTEN 264u
#define IAP_RECORD_SLOT_AT_TOUCHED 266u
#define IAP_RECORD_SLOT_AT_VALID 268u
#define IAP_RECORD_SLOT_AT_SEALED 270u
#define IAP_RECORD_SLOT_AT_CONFIRMED 272u
#define IAP_RECORD_SLOT_AT_CLOSED 274u
#define IAP_RECORD_SLOT_AT_TRIALS 276u
#define IAP_RECORD_SLOT_SIZE 288u

// 32 bytes of SRAM that survive a reset. Whoever writes it masks interrupts, writes, and resets; whoever reads it clears it first.: offsets of its fields, and its size
#define IAP_MAILBOX_AT_MAGIC 0u
#define IAP_MAILBOX_AT_REQUEST 4u
#define IAP_MAILBOX_AT_TOKEN 8u
#define IAP_MAILBOX_AT_STAY 12u
#define IAP_MAILBOX_AT_RESET_FLAGS 16u
#define IAP_MAILBOX_AT_SEQUENCE 20u
#define IAP_MAILBOX_AT_ADDRESS 24u
#define IAP_MAILBOX_AT_CRC32 28u
#define IAP_MAILBOX_SIZE 32u

// The board that an application's kit was compiled for, at an address in the image that is a multiple of 4; found by its magic and CRC. Only tools read it, no device does.: offsets of its fields, and its size
#define IAP_KIT_FACTS_AT_MAGIC 0u
#define IAP_KIT_FACTS_AT_FORMAT 4u
#define IAP_KIT_FACTS_AT_SIZE 6u
#define IAP_KIT_FACTS_AT_PART 8u
#define IAP_KIT_FACTS_AT_BOARD 24u
#define IAP_KIT_FACTS_AT_APP_BASE 48u
#define IAP_KIT_FACTS_AT_APP_END 52u
#define IAP_KIT_FACTS_AT_PAGE_SIZE 56u
#define IAP_KIT_FACTS_AT_UNIQUE_ID 60u
#define IAP_KIT_FACTS_AT_DEFAULT_RATE 64u
#define IAP_KIT_FACTS_AT_USART 68u
#define IAP_KIT_FACTS_AT_KIT_MAJOR 69u
#define IAP_KIT_FACTS_AT_KIT_MINOR 70u
#define IAP_KIT_FACTS_AT_KIT_PATCH 71u
#define IAP_KIT_FACTS_AT_CAPABILITIES 72u
#define IAP_KIT_FACTS_AT_CRC32 76u
#define IAP_KIT_FACTS_SIZE 80u

// Request HELLO: offsets of its fields, and its size
#define IAP_HELLO_REQUEST_AT_MAJOR 0u
#define IAP_HELLO_REQUEST_AT_MINOR 1u
#define IAP_HELLO_REQUEST_AT_FLAGS 2u
#define IAP_HELLO_REQUEST_AT_RESERVED 3u
#define IAP_HELLO_REQUEST_SIZE 4u

// Response to HELLO: offsets of its fields, and its size
#define IAP_HELLO_RESPONSE_AT_STATUS 0u
#define IAP_HELLO_RESPONSE_AT_MAJOR 1u
#define IAP_HELLO_RESPONSE_AT_MINOR 2u
#define IAP_HELLO_RESPONSE_AT_MODE 3u
#define IAP_HELLO_RESPONSE_AT_STAY 4u
#define IAP_HELLO_RESPONSE_AT_BOOTLOADER_MAJOR 5u
#define IAP_HELLO_RESPONSE_AT_BOOTLOADER_MINOR 6u
#define IAP_HELLO_RESPONSE_AT_BOOTLOADER_PATCH 7u
#define IAP_HELLO_RESPONSE_AT_PART 8u
#define IAP_HELLO_RESPONSE_AT_PRODUCT 24u
#define IAP_HELLO_RESPONSE_AT_HARDWARE 40u
#define IAP_HELLO_RESPONSE_AT_ADDRESS 42u
#define IAP_HELLO_RESPONSE_AT_IDENTITY_FLAGS 43u
#define IAP_HELLO_RESPONSE_AT_SERIAL 44u
#define IAP_HELLO_RESPONSE_AT_UNIQUE_ID 60u
#define IAP_HELLO_RESPONSE_AT_PAGE_SIZE 72u
#define IAP_HELLO_RESPONSE_AT_APP_BASE 76u
#define IAP_HELLO_RESPONSE_AT_APP_END 80u
#define IAP_HELLO_RESPONSE_AT_MAX_PAYLOAD 84u
#define IAP_HELLO_RESPONSE_AT_RESERVED 86u
#define IAP_HELLO_RESPONSE_AT_WINDOW 88u
#define IAP_HELLO_RESPONSE_AT_DEFAULT_RATE 92u
#define IAP_HELLO_RESPONSE_AT_MAX_RATE 96u
#define IAP_HELLO_RESPONSE_AT_CAPABILITIES 100u
#define IAP_HELLO_RESPONSE_AT_HOLD_MS 104u
#define IAP_HELLO_RESPONSE_AT_BEGIN_MS 106u
#define IAP_HELLO_RESPONSE_AT_PAGE_MS 108u
#define IAP_HELLO_RESPONSE_AT_PAGES_MS 110u
#define IAP_HELLO_RESPONSE_AT_END_MS 112u
#define IAP_HELLO_RESPONSE_AT_RESERVED2 114u
#define IAP_HELLO_RESPONSE_AT_INSTALLED 116u
#define IAP_HELLO_RESPONSE_AT_PENDING 172u
#define IAP_HELLO_RESPONSE_SIZE 228u

// Request BAUD: offsets of its fields, and its size
#define IAP_BAUD_REQUEST_AT_RATE 0u
#define IAP_BAUD_REQUEST_SIZE 4u

// Response to BAUD: offsets of its fields, and its size
#define IAP_BAUD_RESPONSE_AT_STATUS 0u
#define IAP_BAUD_RESPONSE_AT_RATE 1u
#define IAP_BAUD_RESPONSE_SIZE 5u

// Request PAGES: offsets of its fields, and its size
#define IAP_PAGES_REQUEST_AT_FIRST 0u
#define IAP_PAGES_REQUEST_AT_COUNT 2u
#define IAP_PAGES_REQUEST_SIZE 4u

// Response to PAGES: offsets of its fields, and its size
#define IAP_PAGES_RESPONSE_AT_STATUS 0u
#define IAP_PAGES_RESPONSE_AT_FIRST 1u
#define IAP_PAGES_RESPONSE_AT_COUNT 3u
#define IAP_PAGES_RESPONSE_AT_CRC32 5u
#define IAP_PAGES_RESPONSE_SIZE 5u

// Request BEGIN: offsets of its fields, and its size
#define IAP_BEGIN_REQUEST_AT_FLAGS 0u
#define IAP_BEGIN_REQUEST_AT_HEADER 1u
#define IAP_BEGIN_REQUEST_SIZE 257u

// Response to BEGIN: offsets of its fields, and its size
#define IAP_BEGIN_RESPONSE_AT_STATUS 0u
#define IAP_BEGIN_RESPONSE_AT_BEGUN 1u
#define IAP_BEGIN_RESPONSE_AT_NEXT 2u
#define IAP_BEGIN_RESPONSE_SIZE 4u

// Request DATA: offsets of its fields, and its size
#define IAP_DATA_REQUEST_AT_NUMBER 0u
#define IAP_DATA_REQUEST_AT_FLAGS 2u
#define IAP_DATA_REQUEST_AT_BODY 3u
#define IAP_DATA_REQUEST_SIZE 3u

// Response to DATA: offsets of its fields, and its size
#define IAP_DATA_RESPONSE_AT_STATUS 0u
#define IAP_DATA_RESPONSE_AT_NEXT 1u
#define IAP_DATA_RESPONSE_AT_PAGES 3u
#define IAP_DATA_RESPONSE_AT_DETAIL 5u
#define IAP_DATA_RESPONSE_SIZE 9u

// Request END: offsets of its fields, and its size
#define IAP_END_REQUEST_AT_COUNT 0u
#define IAP_END_REQUEST_SIZE 2u

// Response to END: offsets of its fields, and its size
#define IAP_END_RESPONSE_AT_STATUS 0u
#define IAP_END_RESPONSE_AT_NEXT 1u
#define IAP_END_RESPONSE_AT_DETAIL 3u
#define IAP_END_RESPONSE_SIZE 7u

// Request BOOT: offsets of its fields, and its size
#define IAP_BOOT_REQUEST_SIZE 0u

// Response to BOOT: offsets of its fields, and its size
#define IAP_BOOT_RESPONSE_AT_STATUS 0u
#define IAP_BOOT_RESPONSE_SIZE 1u

// Request ABORT: offsets of its fields, and its size
#define IAP_ABORT_REQUEST_SIZE 0u

// Response to ABORT: offsets of its fields, and its size
#define IAP_ABORT_RESPONSE_AT_STATUS 0u
#define IAP_ABORT_RESPONSE_SIZE 1u

// Request ENTER: offsets of its fields, and its size
#define IAP_ENTER_REQUEST_SIZE 0u

// Response to ENTER: offsets of its fields, and its size
#define IAP_ENTER_RESPONSE_AT_STATUS 0u
#define IAP_ENTER_RESPONSE_SIZE 1u

#endif
