// Generated from protocol/protocol.json by protocol/generate.mjs. Do not edit.
import type { Layout } from './layout.js';

/** Version of the protocol. */
export const PROTOCOL_MAJOR = 1;
export const PROTOCOL_MINOR = 2;

/** Ends every frame and begins every burst. Never occurs inside an encoded frame. */
export const FRAME_DELIMITER = 0;
/** address, type, seq [bytes] */
export const FRAME_HEADER_SIZE = 3;
/** CRC-32 over address, type, seq and payload, little-endian, last in the decoded frame [bytes] */
export const FRAME_CRC_SIZE = 4;
/** A response has its request's type with this bit set. */
export const RESPONSE_BIT = 0x80;
/** No frame in either direction carries more. A device announces its own smaller limit for what it receives. [bytes] */
export const MAX_PAYLOAD = 4096;
/** Every bootloader accepts payloads up to at least this, so that BEGIN and a page's first 257 bytes always fit. [bytes] */
export const MIN_PAYLOAD_LIMIT = 272;
/** The smallest reception window a bootloader may announce. [bytes] */
export const MIN_WINDOW = 1024;
/** The longest dictionary of a compressed page: DEFLATE reaches back no farther. [bytes] */
export const MAX_DICTIONARY = 32768;
/** Beyond a page, of the room in which a compressed page and what is decoded of it lie: it comes at the end of that room and is decoded to its beginning. [bytes] */
export const PAGE_SPARE = 32;
/** Frames sent since the newest answered one, so that an 8-bit seq stays unambiguous. [frames] */
export const MAX_UNANSWERED = 127;
/** The only device on this line. Every device accepts it. */
export const ADDRESS_ONLY = 0;
/** Every device. Only ENTER, BOOT and ABORT; never answered. 1 to 254 are bus addresses. */
export const ADDRESS_BROADCAST = 255;
/** HELLO with hold is sent this often, without waiting, to catch a listening window. [ms] */
export const CALL_INTERVAL_MS = 20;
/** A host that thinks repeats HELLO with hold this often. [ms] */
export const HOLD_REFRESH_MS = 2000;
/** After a reset a bootloader listens for HELLO with hold at least this long before it starts the application. [ms] */
export const LISTEN_MS = 100;
/** A bootloader that has a good application leaves after this long without a valid frame addressed to it. HELLO without hold does not count; nor does the device's own work. [ms] */
export const IDLE_MS = 10000;
/** After BAUD a valid frame must arrive at the new rate within this time, or the device returns to its default rate. [ms] */
export const RATE_PROOF_MS = 1000;
/** Without a valid frame for this long a device returns from a changed rate to its default rate, in every state, keeping the update. [ms] */
export const RATE_IDLE_MS = 3000;
/** How long a bootloader stays when an image's trial boots are used up, or after a fault of its own, before it starts a good image anyway. [ms] */
export const TRIALS_STAY_MS = 60000;
/** How long an application may take to answer HELLO or ENTER. [ms] */
export const APP_ANSWER_MS = 200;
/** The bytes I A P H */
export const HEADER_MAGIC = 0x48504149;
/** Format of the image header */
export const HEADER_FORMAT = 1;
/** The bytes I A P R */
export const RECORD_MAGIC = 0x52504149;
/** Format of the boot record */
export const RECORD_FORMAT = 1;
/** Entries in one record area */
export const RECORD_SLOTS = 7;
/** One record area: two pages of 1 KB or one of 2 KB [bytes] */
export const RECORD_AREA_SIZE = 2048;
/** Trial marks in an entry, and so the most trial boots an image can have */
export const RECORD_TRIALS = 6;
/** A state half-word as erased. Anything else is set, but for VALID. */
export const STATE_CLEAR = 0xffff;
/** What a state half-word is programmed to. VALID counts as set only if it reads exactly this. */
export const STATE_SET = 0x0000;
/** The bytes I A P M */
export const MAILBOX_MAGIC = 0x4d504149;
/** The mailbox is at this SRAM address on every part; nobody initialises it. */
export const MAILBOX_ADDRESS = 0x20001fe0;
/** The bytes I A P I */
export const IDENTITY_MAGIC = 0x49504149;
/** The bytes I A Y K */
export const KEYS_MAGIC = 0x4b594149;
/** Format of the key block */
export const KEYS_FORMAT = 1;
/** Keys in the key block */
export const KEY_SLOTS = 4;
/** The bytes I A P K */
export const KIT_MAGIC = 0x4b504149;
/** Format of the kit's facts */
export const KIT_FORMAT = 1;
/** Start of flash and of the bootloader */
export const BOOTLOADER_BASE = 0x08000000;
/** 28 KB of bootloader code, key and identity block included, where APP_BASE is as below [bytes] */
export const BOOTLOADER_SIZE = 28672;
/** The last 64 bytes of the bootloader: 4160 below APP_BASE */
export const IDENTITY_ADDRESS = 0x08006fc0;
/** The key block, below the identity block: 4480 below APP_BASE */
export const KEYS_ADDRESS = 0x08006e80;
/** Boot record area A: 4096 below APP_BASE */
export const RECORD_A_ADDRESS = 0x08007000;
/** Boot record area B: 2048 below APP_BASE */
export const RECORD_B_ADDRESS = 0x08007800;
/** Where applications are linked by default; HELLO announces what a device really has. Another APP_BASE moves the four addresses above with it. */
export const APP_BASE = 0x08008000;
/** Vectors a Cortex-M0 bootloader copies to the start of SRAM */
export const VECTOR_WORDS_M0 = 48;

/** Check value of CRC-32/ISO-HDLC: the CRC of the ASCII bytes 123456789. */
export const CRC_CHECK = 0xcbf43926;

/** Message types of requests. */
export const Command = {
  /** Who is there? Answered by bootloaders and by applications. The first three bytes of the response keep their meaning in every future version. A bootloader that takes signed images alone appends the structure security. */
  HELLO: 1,
  /** Change the rate. Answered at the old rate; the device changes after the answer's last bit and returns to its default rate if no valid frame arrives within RATE_PROOF_MS. */
  BAUD: 2,
  /** CRC-32 of whole flash pages: of the running session's image; without a session of the installed image, from devices that take unsigned ones */
  PAGES: 3,
  /** Begin or resume the update to the image that the header describes. Refusals come before anything is written. Resets page assembly: the next DATA frame opens a page. */
  BEGIN: 4,
  /** A piece of a page. Answered only with ASK. A frame without head and bytes only asks: it is never taken and needs no right number. */
  DATA: 5,
  /** All is sent: verify the image in flash and make it valid */
  END: 6,
  /** Start the application. The device answers, waits for the last bit, and starts without a listening window. */
  BOOT: 7,
  /** Give the session up. An update that wrote no page is forgotten; one that did stays resumable. */
  ABORT: 8,
  /** From application to bootloader. The application answers, then resets; a bootloader answers OK and stays. */
  ENTER: 9,
} as const;
export type Command = (typeof Command)[keyof typeof Command];

/** First byte of every response. From 0x40 on it is a refusal: the response is then the structure refusal, whatever the request was. */
export const Status = {
  /** Done */
  OK: 0,
  /** A DATA frame with a number above the expected one arrived since the last one taken; send again from next */
  GAP: 1,
  /** A page was not accepted and nothing of it was written; detail is a rejection; send it again from next */
  PAGE_REJECTED: 2,
  /** Erasing, programming or reading back failed; detail is the address; send the page again from next */
  FLASH_FAILED: 3,
  /** The whole image in flash is not what the header says; detail is a set of check bits */
  VERIFY_FAILED: 4,
  /** This type is not known here */
  UNKNOWN_COMMAND: 0x40,
  /** Payload too short: detail is its length. An argument out of range: detail is the offset of the field */
  BAD_REQUEST: 0x41,
  /** No session is open: none was begun since the device started, or it has ended */
  NO_SESSION: 0x42,
  /** The application is running and does not do this; send ENTER first */
  IN_APP: 0x43,
  /** The application does not want to be left at this moment; ask again later. detail is the application's own, 0 if it has none */
  NOT_NOW: 0x44,
  /** Image header with a wrong magic, format or size; detail is the offset of the field in the header */
  BAD_HEADER: 0x50,
  /** The image is for another product */
  WRONG_PRODUCT: 0x51,
  /** The image is not for this hardware revision; detail is the device's */
  WRONG_HARDWARE: 0x52,
  /** The image is for one device with another unique id */
  WRONG_DEVICE: 0x53,
  /** The image is linked for another address; detail is the device's APP_BASE */
  WRONG_ADDRESS: 0x54,
  /** The image is empty or does not fit; detail is the largest size */
  WRONG_SIZE: 0x55,
  /** The image's security counter is below the device's; detail is the device's */
  ROLLBACK: 0x56,
  /** The image needs what this bootloader lacks; detail is the missing capability or flag bits */
  NOT_CAPABLE: 0x57,
  /** The image is not signed as this device wants it; detail is a signature_fault */
  BAD_SIGNATURE: 0x58,
  /** This device takes only packages made for its product, not plain images */
  PACKAGE_ONLY: 0x59,
  /** The boot record could not be written; detail is the address */
  RECORD_FAILED: 0x5a,
  /** The supply is too low to change flash; nothing is lost, the same may be asked again once it has risen; detail is 0 */
  SUPPLY_LOW: 0x5b,
  /** There is no verified application to start; detail is why the device would stay now (stay) */
  NOT_BOOTABLE: 0x60,
  /** The device cannot make this baud rate closely enough; detail is its highest rate */
  RATE_UNAVAILABLE: 0x61,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

/** Who answers */
export const Mode = {
  /** The bootloader */
  BOOTLOADER: 0,
  /** The application, through the app kit */
  APP: 1,
} as const;
export type Mode = (typeof Mode)[keyof typeof Mode];

/** Why the bootloader stayed in control at its last pass through the boot decision */
export const Stay = {
  /** It did not stay, or has not decided yet */
  NONE: 0,
  /** The bootloader met a fault; the boot record is not read before a host asks */
  FAULT: 1,
  /** The application asked for it (ENTER) */
  ASKED: 2,
  /** The button was held */
  BUTTON: 3,
  /** A host called with hold in the listening window */
  HOST: 4,
  /** No application was ever installed */
  NO_RECORD: 5,
  /** An update is begun and not finished */
  IN_PROGRESS: 6,
  /** The application's CRC-32 or vector table is wrong */
  IMAGE_BAD: 7,
  /** The application never confirmed itself in its trial boots */
  TRIALS_USED: 8,
} as const;
export type Stay = (typeof Stay)[keyof typeof Stay];

/** Detail of PAGE_REJECTED */
export const Rejection = {
  /** The assembled page does not have the CRC-32 in its head */
  CRC: 1,
  /** The page number is outside the image */
  PAGE: 2,
  /** A length in the head is wrong, or a frame carries more than its page still needs */
  LENGTH: 3,
  /** The encoding is not known here */
  ENCODING: 4,
  /** Bytes came where a page head was due */
  NO_HEAD: 5,
  /** The dictionary is not of the application's area, is too long, or none may be used on this device */
  DICTIONARY: 6,
  /** The compressed bytes do not decode to decoded_length bytes in the room that there is */
  STREAM: 7,
} as const;
export type Rejection = (typeof Rejection)[keyof typeof Rejection];

/** How a page's bytes travel */
export const Encoding = {
  /** As they shall be in flash */
  RAW: 0,
  /** The structure deflate_head, then a raw DEFLATE stream (RFC 1951) of the page; needs the capability */
  DEFLATE: 1,
} as const;
export type Encoding = (typeof Encoding)[keyof typeof Encoding];

/** What BEGIN found */
export const Begun = {
  /** A new update; its record entry is made with its first page */
  STARTED: 0,
  /** An unfinished entry or a running session with this header goes on */
  RESUMED: 1,
  /** This very image is installed and verified; no session was opened */
  INSTALLED: 2,
} as const;
export type Begun = (typeof Begun)[keyof typeof Begun];

/** What the mailbox asks for */
export const Request = {
  /** Nothing */
  NONE: 0,
  /** Start the application that the token names (bootloader to itself) */
  START: 1,
  /** Stay in the bootloader (application to bootloader) */
  ENTER: 2,
  /** The bootloader met a fault (bootloader to itself) */
  FAULT: 3,
  /** The bootloader's report to the application it started */
  REPORT: 4,
} as const;
export type Request = (typeof Request)[keyof typeof Request];

/** Signature algorithm of an image */
export const Signature = {
  /** Not signed */
  NONE: 0,
  /** ECDSA with P-256 and SHA-256, r and s of 32 bytes each, big-endian; s at most half the group's order */
  ECDSA_P256: 1,
} as const;
export type Signature = (typeof Signature)[keyof typeof Signature];

/** Detail of BAD_SIGNATURE: why the image is not trusted. Bootloaders of version 1.0 answer 0. */
export const SignatureFault = {
  /** A signed image where no key is known, or the device does not say */
  UNSAID: 0,
  /** The device's key block is blank or damaged: it takes no image */
  KEYS: 1,
  /** The device's identity block is blank or damaged: it takes no image */
  IDENTITY: 2,
  /** The image is not signed */
  MISSING: 3,
  /** The key of this number is for another algorithm */
  ALGORITHM: 4,
  /** The device has no key of this number */
  NO_KEY: 5,
  /** The key was revoked */
  REVOKED: 6,
  /** The image revokes other keys than the device's newest verified one, and may not: only a root key may, never fewer, and never a root key */
  REVOCATION: 7,
  /** The signature does not fit the header and the key */
  WRONG: 8,
} as const;
export type SignatureFault = (typeof SignatureFault)[keyof typeof SignatureFault];

/** What a key may do */
export const KeyRole = {
  /** Signs images and may revoke other keys; can not be revoked. Kept offline */
  ROOT: 1,
  /** Signs images */
  RELEASE: 2,
  /** Signs images; not for units that leave the house */
  DEVELOPMENT: 3,
  /** No key in this slot */
  NONE: 255,
} as const;
export type KeyRole = (typeof KeyRole)[keyof typeof KeyRole];

/** Flags of HELLO */
export const HelloFlag = {
  /** Stay in the bootloader. Without it HELLO only identifies. */
  HOLD: 0x1,
} as const;

/** Flags of BEGIN */
export const BeginFlag = {
  /** Begin even if this very image counts as installed */
  RENEW: 0x1,
} as const;

/** Flags of DATA */
export const DataFlag = {
  /** Answer this frame */
  ASK: 0x1,
  /** The page head comes first: this frame opens a page */
  HEAD: 0x2,
} as const;

/** Flags of a page head */
export const PageFlag = {
  /** Erase and program even if the page in flash has this CRC already */
  FORCE: 0x1,
} as const;

/** Detail of VERIFY_FAILED */
export const Check = {
  /** SHA-256 differs */
  SHA256: 0x1,
  /** CRC-32 differs */
  CRC32: 0x2,
  /** Stack pointer outside RAM or not aligned, or reset vector even or outside the image */
  VECTORS: 0x4,
  /** What is behind the image in its last page is not 0xFF; only where signed images alone are taken */
  PADDING: 0x8,
} as const;

/** State of an image in the boot record */
export const ImageState = {
  /** There is such an entry */
  PRESENT: 0x1,
  /** Writing its pages was begun */
  TOUCHED: 0x2,
  /** It was verified when its update ended */
  VALID: 0x4,
  /** It confirmed itself */
  CONFIRMED: 0x8,
  /** Its CRC-32 and vectors were checked since the device started; until then GOOD means nothing */
  CHECKED: 0x10,
  /** That check was passed */
  GOOD: 0x20,
  /** It needs confirmation, has none, and its trial boots are used up */
  TRIALS_USED: 0x40,
} as const;

/** What a bootloader can do beyond the required */
export const Capability = {
  /** BAUD works */
  BAUD: 0x1,
  /** Trial boots and confirmation work */
  CONFIRM: 0x2,
  /** Page encoding DEFLATE works */
  DEFLATE: 0x4,
  /** Signed images are verified and unsigned ones refused */
  SIGNATURE: 0x8,
  /** Page encoding DEFLATE may copy from pages in flash. Clear where flash must not be read out */
  DICTIONARY: 0x10,
  /** The line is a half-duplex pair: who sends is not heard by others that send, so a host waits for each answer. From an application too */
  HALF_DUPLEX: 0x20,
} as const;

/** Flags of an image header. A bootloader refuses an image with a flag in bits 16 to 31 that it does not know. */
export const ImageFlag = {
  /** The application must confirm itself within its trial boots */
  CONFIRM: 0x10000,
} as const;

/** What protects a device */
export const SecurityFlag = {
  /** Only signed images are taken */
  SIGNED_ONLY: 0x1,
  /** The key block is there and right */
  KEYS: 0x2,
  /** Read-out protection of the chip is on, level 1 or 2 */
  READ_PROTECTED: 0x4,
  /** It is level 2, for ever */
  READ_LOCKED: 0x8,
  /** All of the bootloader, its blocks included, is write-protected */
  WRITE_PROTECTED: 0x10,
  /** The signature is checked at every start of the application too */
  BOOT_VERIFIED: 0x20,
} as const;

/** Flags of the identity block; as erased (all set) none applies, so each is active when 0. Bits without a name are 1 */
export const IdentityFlag = {
  /** Set: plain images are taken. Clear: only packages made for this product. A device that takes signed images alone takes only those, whichever it is. */
  ANY_IMAGE: 0x1,
} as const;

/** Response whose status is 0x40 or above, to any request */
export interface Refusal {
  /** The reason */
  readonly status: number;
  /** What the device has or expects; see status */
  readonly detail: number;
}
export const Refusal: Layout<Refusal> = {
  name: 'refusal',
  size: 5,
  fields: [
    { name: 'status', offset: 0, type: 'u8' },
    { name: 'detail', offset: 1, type: 'u32' },
  ],
};

/** Version of an image, compared field by field from the first */
export interface Version {
  readonly major: number;
  readonly minor: number;
  readonly patch: number;
  readonly build: number;
}
export const Version: Layout<Version> = {
  name: 'version',
  size: 8,
  fields: [
    { name: 'major', offset: 0, type: 'u16' },
    { name: 'minor', offset: 2, type: 'u16' },
    { name: 'patch', offset: 4, type: 'u16' },
    { name: 'build', offset: 6, type: 'u16' },
  ],
};

/** What HELLO says of an image; all zero if there is none */
export interface Image {
  readonly state: number;
  /** Trial boots used */
  readonly trials: number;
  /** 0 */
  readonly reserved: number;
  /** Number of its record entry */
  readonly sequence: number;
  /** Bytes */
  readonly size: number;
  /** Of the image without padding */
  readonly crc32: number;
  /** Of the image without padding */
  readonly sha256: Uint8Array;
  readonly version: Version;
}
export const Image: Layout<Image> = {
  name: 'image',
  size: 56,
  fields: [
    { name: 'state', offset: 0, type: 'u8' },
    { name: 'trials', offset: 1, type: 'u8' },
    { name: 'reserved', offset: 2, type: 'u16' },
    { name: 'sequence', offset: 4, type: 'u32' },
    { name: 'size', offset: 8, type: 'u32' },
    { name: 'crc32', offset: 12, type: 'u32' },
    { name: 'sha256', offset: 16, type: 'bytes', size: 32 },
    { name: 'version', offset: 48, type: 'struct', layout: Version },
  ],
};

/** Opens a page in a DATA frame with HEAD */
export interface PageHead {
  /** Page number, 0 at APP_BASE */
  readonly page: number;
  readonly encoding: number;
  readonly flags: number;
  /** Image bytes in this page: the page size, or what is left of the image in its last page */
  readonly decodedLength: number;
  /** Bytes of this page in DATA frames; equal to decoded_length for encoding RAW; at most a page and PAGE_SPARE for DEFLATE */
  readonly encodedLength: number;
  /** Of the whole page as it shall be in flash, padded with 0xFF */
  readonly crc32: number;
}
export const PageHead: Layout<PageHead> = {
  name: 'page_head',
  size: 12,
  fields: [
    { name: 'page', offset: 0, type: 'u16' },
    { name: 'encoding', offset: 2, type: 'u8' },
    { name: 'flags', offset: 3, type: 'u8' },
    { name: 'decodedLength', offset: 4, type: 'u16' },
    { name: 'encodedLength', offset: 6, type: 'u16' },
    { name: 'crc32', offset: 8, type: 'u32' },
  ],
};

/** First bytes of a page of encoding DEFLATE, counted in encoded_length: the whole pages of flash that its stream may copy from, as they are when the page is complete, this page among them */
export interface DeflateHead {
  /** Number of the page behind the dictionary */
  readonly dictionaryEnd: number;
  /** Its pages, at most MAX_DICTIONARY bytes; 0: there is none */
  readonly dictionaryPages: number;
}
export const DeflateHead: Layout<DeflateHead> = {
  name: 'deflate_head',
  size: 4,
  fields: [
    { name: 'dictionaryEnd', offset: 0, type: 'u16' },
    { name: 'dictionaryPages', offset: 2, type: 'u16' },
  ],
};

/** Image header: in BEGIN, in the boot record, and first in a package. The signature covers bytes 0 to 191. */
export interface Header {
  /** HEADER_MAGIC */
  readonly magic: number;
  /** HEADER_FORMAT */
  readonly format: number;
  /** 256 */
  readonly headerSize: number;
  /** Product id: text in UTF-8, padded with zero, or any 16 bytes; all zero: any product */
  readonly product: Uint8Array;
  /** First hardware revision it runs on */
  readonly hardwareMin: number;
  /** Last hardware revision it runs on */
  readonly hardwareMax: number;
  readonly version: Version;
  /** A device takes none below that of its newest VALID image */
  readonly securityCounter: number;
  /** Equal to the device's APP_BASE */
  readonly loadAddress: number;
  /** Bytes, without padding */
  readonly imageSize: number;
  /** Of the image without padding */
  readonly imageCrc32: number;
  /** Of the image without padding */
  readonly imageSha256: Uint8Array;
  readonly flags: number;
  /** What the bootloader must have. A signature does not need SIGNATURE here: signature_algorithm says it */
  readonly capabilities: number;
  /** Free, for example a commit hash; zero if unused */
  readonly buildId: Uint8Array;
  /** The one device it is for; all zero: any */
  readonly uniqueId: Uint8Array;
  /** Bit n is key n: clear, the key is revoked while this image is the newest verified one. 0xFF: none is. Bits 4 to 7 are 1; a device compares them as it does those of the keys that it has */
  readonly usableKeys: number;
  /** 0xFF */
  readonly reserved: Uint8Array;
  readonly signatureAlgorithm: number;
  /** Number of the key in the device's key block, 0 to 3; 0 if not signed */
  readonly keyId: number;
  /** 0 */
  readonly reserved2: number;
  /** 0xFF if not signed */
  readonly signature: Uint8Array;
}
export const Header: Layout<Header> = {
  name: 'header',
  size: 256,
  fields: [
    { name: 'magic', offset: 0, type: 'u32' },
    { name: 'format', offset: 4, type: 'u16' },
    { name: 'headerSize', offset: 6, type: 'u16' },
    { name: 'product', offset: 8, type: 'bytes', size: 16 },
    { name: 'hardwareMin', offset: 24, type: 'u16' },
    { name: 'hardwareMax', offset: 26, type: 'u16' },
    { name: 'version', offset: 28, type: 'struct', layout: Version },
    { name: 'securityCounter', offset: 36, type: 'u32' },
    { name: 'loadAddress', offset: 40, type: 'u32' },
    { name: 'imageSize', offset: 44, type: 'u32' },
    { name: 'imageCrc32', offset: 48, type: 'u32' },
    { name: 'imageSha256', offset: 52, type: 'bytes', size: 32 },
    { name: 'flags', offset: 84, type: 'u32' },
    { name: 'capabilities', offset: 88, type: 'u32' },
    { name: 'buildId', offset: 92, type: 'bytes', size: 20 },
    { name: 'uniqueId', offset: 112, type: 'bytes', size: 12 },
    { name: 'usableKeys', offset: 124, type: 'u8' },
    { name: 'reserved', offset: 125, type: 'bytes', size: 63 },
    { name: 'signatureAlgorithm', offset: 188, type: 'u8' },
    { name: 'keyId', offset: 189, type: 'u8' },
    { name: 'reserved2', offset: 190, type: 'u16' },
    { name: 'signature', offset: 192, type: 'bytes', size: 64 },
  ],
};

/** Identity block in the last 64 bytes of the bootloader's area, written by the factory. Blank: fits any product and hardware revision. Damaged: fits the product of the newest verified image alone, or any if there is none. In both cases HELLO has zeros for product and revision; no bus address; the board's default rate. A device that takes signed images alone takes none then. Its product is never all zero. */
export interface Identity {
  /** IDENTITY_MAGIC */
  readonly magic: number;
  /** Product id, as in the header */
  readonly product: Uint8Array;
  /** Hardware revision */
  readonly hardware: number;
  /** Bus address; 0: none */
  readonly address: number;
  readonly flags: number;
  /** Baud; 0xFFFFFFFF or 0: the board's */
  readonly defaultRate: number;
  /** Serial number, zero-padded */
  readonly serial: string;
  /** 0xFF */
  readonly reserved: Uint8Array;
  /** Of the 60 bytes before */
  readonly crc32: number;
}
export const Identity: Layout<Identity> = {
  name: 'identity',
  size: 64,
  fields: [
    { name: 'magic', offset: 0, type: 'u32' },
    { name: 'product', offset: 4, type: 'bytes', size: 16 },
    { name: 'hardware', offset: 20, type: 'u16' },
    { name: 'address', offset: 22, type: 'u8' },
    { name: 'flags', offset: 23, type: 'u8' },
    { name: 'defaultRate', offset: 24, type: 'u32' },
    { name: 'serial', offset: 28, type: 'chars', size: 16 },
    { name: 'reserved', offset: 44, type: 'bytes', size: 16 },
    { name: 'crc32', offset: 60, type: 'u32' },
  ],
};

/** One key of the key block; all 0xFF: none */
export interface KeySlot {
  readonly role: number;
  /** The only one that this key takes */
  readonly algorithm: number;
  /** 0xFFFF */
  readonly reserved: number;
  /** Public key: x and y, big-endian: the last 64 bytes of its SPKI in DER */
  readonly point: Uint8Array;
}
export const KeySlot: Layout<KeySlot> = {
  name: 'key_slot',
  size: 68,
  fields: [
    { name: 'role', offset: 0, type: 'u8' },
    { name: 'algorithm', offset: 1, type: 'u8' },
    { name: 'reserved', offset: 2, type: 'u16' },
    { name: 'point', offset: 4, type: 'bytes', size: 64 },
  ],
};

/** Keys that may sign images, below the identity block, written by the factory. Only bootloaders that take signed images alone read it; blank or damaged, they take none. Any slot may be empty; without a ROOT key nothing can be revoked. */
export interface KeyBlock {
  /** KEYS_MAGIC */
  readonly magic: number;
  /** KEYS_FORMAT */
  readonly format: number;
  /** 0xFFFF */
  readonly reserved: number;
  readonly key0: KeySlot;
  readonly key1: KeySlot;
  readonly key2: KeySlot;
  readonly key3: KeySlot;
  /** 0xFF */
  readonly reserved2: Uint8Array;
  /** Of the 316 bytes before */
  readonly crc32: number;
}
export const KeyBlock: Layout<KeyBlock> = {
  name: 'key_block',
  size: 320,
  fields: [
    { name: 'magic', offset: 0, type: 'u32' },
    { name: 'format', offset: 4, type: 'u16' },
    { name: 'reserved', offset: 6, type: 'u16' },
    { name: 'key0', offset: 8, type: 'struct', layout: KeySlot },
    { name: 'key1', offset: 76, type: 'struct', layout: KeySlot },
    { name: 'key2', offset: 144, type: 'struct', layout: KeySlot },
    { name: 'key3', offset: 212, type: 'struct', layout: KeySlot },
    { name: 'reserved2', offset: 280, type: 'bytes', size: 36 },
    { name: 'crc32', offset: 316, type: 'u32' },
  ],
};

/** What HELLO says of a key */
export interface KeySummary {
  readonly role: number;
  /** First bytes of the SHA-256 of its point; 0 if there is none */
  readonly fingerprint: Uint8Array;
}
export const KeySummary: Layout<KeySummary> = {
  name: 'key_summary',
  size: 9,
  fields: [
    { name: 'role', offset: 0, type: 'u8' },
    { name: 'fingerprint', offset: 1, type: 'bytes', size: 8 },
  ],
};

/** Behind the response to HELLO, from a bootloader that takes signed images alone. Where the response ends before it, the device takes unsigned images, or its application answered. */
export interface Security {
  readonly flags: number;
  /** As in the header of the newest verified image; 0xFF if there is none */
  readonly usableKeys: number;
  /** 0 */
  readonly reserved: number;
  /** No image with a lower one is taken */
  readonly securityCounter: number;
  readonly key0: KeySummary;
  readonly key1: KeySummary;
  readonly key2: KeySummary;
  readonly key3: KeySummary;
}
export const Security: Layout<Security> = {
  name: 'security',
  size: 44,
  fields: [
    { name: 'flags', offset: 0, type: 'u8' },
    { name: 'usableKeys', offset: 1, type: 'u8' },
    { name: 'reserved', offset: 2, type: 'u16' },
    { name: 'securityCounter', offset: 4, type: 'u32' },
    { name: 'key0', offset: 8, type: 'struct', layout: KeySummary },
    { name: 'key1', offset: 17, type: 'struct', layout: KeySummary },
    { name: 'key2', offset: 26, type: 'struct', layout: KeySummary },
    { name: 'key3', offset: 35, type: 'struct', layout: KeySummary },
  ],
};

/** Header of a record area, written after the entries that it takes over. An area is good if its header is right and SEALED is set; the good one with the higher generation is active. Its RECORD_SLOTS entries follow, from offset 20 on, one behind the other. First generation and first sequence are 1. */
export interface AreaHeader {
  /** RECORD_MAGIC */
  readonly magic: number;
  /** RECORD_FORMAT */
  readonly format: number;
  /** 288 */
  readonly slotSize: number;
  /** One more than the area it replaces */
  readonly generation: number;
  /** Of the 12 bytes before */
  readonly crc32: number;
  /** Set after the bytes before were read back */
  readonly sealed: number;
  /** 0xFFFF */
  readonly reserved: number;
}
export const AreaHeader: Layout<AreaHeader> = {
  name: 'area_header',
  size: 20,
  fields: [
    { name: 'magic', offset: 0, type: 'u32' },
    { name: 'format', offset: 4, type: 'u16' },
    { name: 'slotSize', offset: 6, type: 'u16' },
    { name: 'generation', offset: 8, type: 'u32' },
    { name: 'crc32', offset: 12, type: 'u32' },
    { name: 'sealed', offset: 16, type: 'u16' },
    { name: 'reserved', offset: 18, type: 'u16' },
  ],
};

/** One entry of the boot record. The newest entry with TOUCHED set decides what is started. */
export interface RecordSlot {
  /** One more than the highest before */
  readonly sequence: number;
  /** Image header */
  readonly header: Uint8Array;
  /** Of sequence and header */
  readonly crc32: number;
  /** Set after the bytes before were read back. Without it there is no entry. */
  readonly written: number;
  /** Set before the first page of the image is erased or programmed */
  readonly touched: number;
  /** Set after the image was verified in flash */
  readonly valid: number;
  /** Set after VALID was programmed a second time: VALID can no longer be a half-programmed cell */
  readonly sealed: number;
  /** Set by the application through the app kit */
  readonly confirmed: number;
  /** Set when an update is given up before its first page */
  readonly closed: number;
  /** Six half-words, one set before each start of an unconfirmed image */
  readonly trials: Uint8Array;
}
export const RecordSlot: Layout<RecordSlot> = {
  name: 'record_slot',
  size: 288,
  fields: [
    { name: 'sequence', offset: 0, type: 'u32' },
    { name: 'header', offset: 4, type: 'bytes', size: 256 },
    { name: 'crc32', offset: 260, type: 'u32' },
    { name: 'written', offset: 264, type: 'u16' },
    { name: 'touched', offset: 266, type: 'u16' },
    { name: 'valid', offset: 268, type: 'u16' },
    { name: 'sealed', offset: 270, type: 'u16' },
    { name: 'confirmed', offset: 272, type: 'u16' },
    { name: 'closed', offset: 274, type: 'u16' },
    { name: 'trials', offset: 276, type: 'bytes', size: 12 },
  ],
};

/** 32 bytes of SRAM that survive a reset. Whoever writes it masks interrupts, writes, and resets; whoever reads it clears it first. */
export interface Mailbox {
  /** MAILBOX_MAGIC */
  readonly magic: number;
  readonly request: number;
  /** START: sequence xor slot CRC-32 of the entry to start. FAULT: the exception number */
  readonly token: number;
  /** Why the bootloader last stayed */
  readonly stay: number;
  /** RCC_CSR as the bootloader's first pass found it */
  readonly resetFlags: number;
  /** REPORT: number of the record entry that was started */
  readonly sequence: number;
  /** FAULT: where; otherwise 0 */
  readonly address: number;
  /** Of the 28 bytes before */
  readonly crc32: number;
}
export const Mailbox: Layout<Mailbox> = {
  name: 'mailbox',
  size: 32,
  fields: [
    { name: 'magic', offset: 0, type: 'u32' },
    { name: 'request', offset: 4, type: 'u32' },
    { name: 'token', offset: 8, type: 'u32' },
    { name: 'stay', offset: 12, type: 'u32' },
    { name: 'resetFlags', offset: 16, type: 'u32' },
    { name: 'sequence', offset: 20, type: 'u32' },
    { name: 'address', offset: 24, type: 'u32' },
    { name: 'crc32', offset: 28, type: 'u32' },
  ],
};

/** The board that an application's kit was compiled for, at an address in the image that is a multiple of 4; found by its magic and CRC. Only tools read it, no device does. */
export interface KitFacts {
  /** KIT_MAGIC */
  readonly magic: number;
  /** KIT_FORMAT */
  readonly format: number;
  /** Of this structure. More fields may follow the last one; the CRC-32 stays the last four bytes */
  readonly size: number;
  /** As in HELLO */
  readonly part: string;
  /** Its name in bootloader-c/boards, cut if it is longer */
  readonly board: string;
  /** First address of the application */
  readonly appBase: number;
  /** First address behind the application area */
  readonly appEnd: number;
  /** Bytes */
  readonly pageSize: number;
  /** Address of the part's unique id */
  readonly uniqueId: number;
  /** Of the board [baud] */
  readonly defaultRate: number;
  /** Number of the bootloader's USART */
  readonly usart: number;
  /** Version of the kit */
  readonly kitMajor: number;
  readonly kitMinor: number;
  readonly kitPatch: number;
  /** Of the board's line: HALF_DUPLEX, or none. Missing in the first kits, whose structure has 76 bytes: nothing is known of the line then */
  readonly capabilities: number;
  /** Of the bytes before */
  readonly crc32: number;
}
export const KitFacts: Layout<KitFacts> = {
  name: 'kit_facts',
  size: 80,
  fields: [
    { name: 'magic', offset: 0, type: 'u32' },
    { name: 'format', offset: 4, type: 'u16' },
    { name: 'size', offset: 6, type: 'u16' },
    { name: 'part', offset: 8, type: 'chars', size: 16 },
    { name: 'board', offset: 24, type: 'chars', size: 24 },
    { name: 'appBase', offset: 48, type: 'u32' },
    { name: 'appEnd', offset: 52, type: 'u32' },
    { name: 'pageSize', offset: 56, type: 'u32' },
    { name: 'uniqueId', offset: 60, type: 'u32' },
    { name: 'defaultRate', offset: 64, type: 'u32' },
    { name: 'usart', offset: 68, type: 'u8' },
    { name: 'kitMajor', offset: 69, type: 'u8' },
    { name: 'kitMinor', offset: 70, type: 'u8' },
    { name: 'kitPatch', offset: 71, type: 'u8' },
    { name: 'capabilities', offset: 72, type: 'u32' },
    { name: 'crc32', offset: 76, type: 'u32' },
  ],
};

/** Request HELLO */
export interface HelloRequest {
  /** Protocol version of the host */
  readonly major: number;
  readonly minor: number;
  readonly flags: number;
  /** 0 */
  readonly reserved: number;
}
export const HelloRequest: Layout<HelloRequest> = {
  name: 'hello_request',
  size: 4,
  fields: [
    { name: 'major', offset: 0, type: 'u8' },
    { name: 'minor', offset: 1, type: 'u8' },
    { name: 'flags', offset: 2, type: 'u8' },
    { name: 'reserved', offset: 3, type: 'u8' },
  ],
};

/** Response to HELLO */
export interface HelloResponse {
  /** OK */
  readonly status: number;
  /** Protocol version of the device. A host that does not know this major version stops here. */
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  /** From the application: why the bootloader last stayed */
  readonly stay: number;
  /** Version of the bootloader; from the application 0.0.0 */
  readonly bootloaderMajor: number;
  readonly bootloaderMinor: number;
  readonly bootloaderPatch: number;
  /** Part the bootloader was built for, zero-padded */
  readonly part: string;
  /** From the identity block; all zero if that is blank */
  readonly product: Uint8Array;
  /** Hardware revision */
  readonly hardware: number;
  /** Bus address */
  readonly address: number;
  readonly identityFlags: number;
  /** Serial number */
  readonly serial: string;
  /** The chip's */
  readonly uniqueId: Uint8Array;
  /** Bytes */
  readonly pageSize: number;
  /** First address of the application */
  readonly appBase: number;
  /** First address after it */
  readonly appEnd: number;
  /** Largest payload it accepts, at least MIN_PAYLOAD_LIMIT in a bootloader */
  readonly maxPayload: number;
  /** 0 */
  readonly reserved: number;
  /** Encoded bytes it can hold that it has not answered, at least MIN_WINDOW; 0 from an application */
  readonly window: number;
  /** Baud of the bootloader after a reset; an application says the same and may run at another */
  readonly defaultRate: number;
  /** Highest baud it can make */
  readonly maxRate: number;
  readonly capabilities: number;
  /** How long it stays after the last frame for it */
  readonly holdMs: number;
  /** Longest time to answer BEGIN or ABORT */
  readonly beginMs: number;
  /** Longest time to commit one page. The first page of an update may take begin_ms more: it writes the record's entry */
  readonly pageMs: number;
  /** Longest time to answer one PAGES, transmission apart */
  readonly pagesMs: number;
  /** Longest time to answer END */
  readonly endMs: number;
  /** 0 */
  readonly reserved2: number;
  /** The newest entry with TOUCHED set */
  readonly installed: Image;
  /** A newer entry, begun, with no page written yet */
  readonly pending: Image;
}
export const HelloResponse: Layout<HelloResponse> = {
  name: 'hello_response',
  size: 228,
  fields: [
    { name: 'status', offset: 0, type: 'u8' },
    { name: 'major', offset: 1, type: 'u8' },
    { name: 'minor', offset: 2, type: 'u8' },
    { name: 'mode', offset: 3, type: 'u8' },
    { name: 'stay', offset: 4, type: 'u8' },
    { name: 'bootloaderMajor', offset: 5, type: 'u8' },
    { name: 'bootloaderMinor', offset: 6, type: 'u8' },
    { name: 'bootloaderPatch', offset: 7, type: 'u8' },
    { name: 'part', offset: 8, type: 'chars', size: 16 },
    { name: 'product', offset: 24, type: 'bytes', size: 16 },
    { name: 'hardware', offset: 40, type: 'u16' },
    { name: 'address', offset: 42, type: 'u8' },
    { name: 'identityFlags', offset: 43, type: 'u8' },
    { name: 'serial', offset: 44, type: 'chars', size: 16 },
    { name: 'uniqueId', offset: 60, type: 'bytes', size: 12 },
    { name: 'pageSize', offset: 72, type: 'u32' },
    { name: 'appBase', offset: 76, type: 'u32' },
    { name: 'appEnd', offset: 80, type: 'u32' },
    { name: 'maxPayload', offset: 84, type: 'u16' },
    { name: 'reserved', offset: 86, type: 'u16' },
    { name: 'window', offset: 88, type: 'u32' },
    { name: 'defaultRate', offset: 92, type: 'u32' },
    { name: 'maxRate', offset: 96, type: 'u32' },
    { name: 'capabilities', offset: 100, type: 'u32' },
    { name: 'holdMs', offset: 104, type: 'u16' },
    { name: 'beginMs', offset: 106, type: 'u16' },
    { name: 'pageMs', offset: 108, type: 'u16' },
    { name: 'pagesMs', offset: 110, type: 'u16' },
    { name: 'endMs', offset: 112, type: 'u16' },
    { name: 'reserved2', offset: 114, type: 'u16' },
    { name: 'installed', offset: 116, type: 'struct', layout: Image },
    { name: 'pending', offset: 172, type: 'struct', layout: Image },
  ],
};

/** Request BAUD */
export interface BaudRequest {
  /** Baud */
  readonly rate: number;
}
export const BaudRequest: Layout<BaudRequest> = {
  name: 'baud_request',
  size: 4,
  fields: [
    { name: 'rate', offset: 0, type: 'u32' },
  ],
};

/** Response to BAUD */
export interface BaudResponse {
  readonly status: number;
  /** The rate the device will really have, in baud */
  readonly rate: number;
}
export const BaudResponse: Layout<BaudResponse> = {
  name: 'baud_response',
  size: 5,
  fields: [
    { name: 'status', offset: 0, type: 'u8' },
    { name: 'rate', offset: 1, type: 'u32' },
  ],
};

/** Request PAGES */
export interface PagesRequest {
  /** Page number, 0 at APP_BASE */
  readonly first: number;
  /** At least 1, at most (max_payload - 5) / 4 */
  readonly count: number;
}
export const PagesRequest: Layout<PagesRequest> = {
  name: 'pages_request',
  size: 4,
  fields: [
    { name: 'first', offset: 0, type: 'u16' },
    { name: 'count', offset: 2, type: 'u16' },
  ],
};

/** Response to PAGES */
export interface PagesResponse {
  readonly status: number;
  /** As asked */
  readonly first: number;
  /** As asked */
  readonly count: number;
  /** One a page */
  readonly crc32: readonly number[];
}
export const PagesResponse: Layout<PagesResponse> = {
  name: 'pages_response',
  size: 5,
  fields: [
    { name: 'status', offset: 0, type: 'u8' },
    { name: 'first', offset: 1, type: 'u16' },
    { name: 'count', offset: 3, type: 'u16' },
    { name: 'crc32', offset: 5, type: 'u32s' },
  ],
};

/** Request BEGIN */
export interface BeginRequest {
  readonly flags: number;
  /** Image header */
  readonly header: Uint8Array;
}
export const BeginRequest: Layout<BeginRequest> = {
  name: 'begin_request',
  size: 257,
  fields: [
    { name: 'flags', offset: 0, type: 'u8' },
    { name: 'header', offset: 1, type: 'bytes', size: 256 },
  ],
};

/** Response to BEGIN */
export interface BeginResponse {
  readonly status: number;
  readonly begun: number;
  /** Number the next DATA frame must have */
  readonly next: number;
}
export const BeginResponse: Layout<BeginResponse> = {
  name: 'begin_response',
  size: 4,
  fields: [
    { name: 'status', offset: 0, type: 'u8' },
    { name: 'begun', offset: 1, type: 'u8' },
    { name: 'next', offset: 2, type: 'u16' },
  ],
};

/** Request DATA */
export interface DataRequest {
  /** Counts up from BEGIN's next, modulo 65536 */
  readonly number: number;
  readonly flags: number;
  /** With HEAD: page_head, then bytes of the page; otherwise bytes of the page */
  readonly body: Uint8Array;
}
export const DataRequest: Layout<DataRequest> = {
  name: 'data_request',
  size: 3,
  fields: [
    { name: 'number', offset: 0, type: 'u16' },
    { name: 'flags', offset: 2, type: 'u8' },
    { name: 'body', offset: 3, type: 'rest' },
  ],
};

/** Response to DATA */
export interface DataResponse {
  /** OK, GAP, PAGE_REJECTED or FLASH_FAILED; kept until frame next is taken */
  readonly status: number;
  /** Number expected next: all before it are taken, and pages they complete are in flash and read back */
  readonly next: number;
  /** Pages completed since BEGIN */
  readonly pages: number;
  /** See status */
  readonly detail: number;
}
export const DataResponse: Layout<DataResponse> = {
  name: 'data_response',
  size: 9,
  fields: [
    { name: 'status', offset: 0, type: 'u8' },
    { name: 'next', offset: 1, type: 'u16' },
    { name: 'pages', offset: 3, type: 'u16' },
    { name: 'detail', offset: 5, type: 'u32' },
  ],
};

/** Request END */
export interface EndRequest {
  /** Number of the DATA frame that would come next */
  readonly count: number;
}
export const EndRequest: Layout<EndRequest> = {
  name: 'end_request',
  size: 2,
  fields: [
    { name: 'count', offset: 0, type: 'u16' },
  ],
};

/** Response to END */
export interface EndResponse {
  /** OK, GAP or VERIFY_FAILED; also PAGE_REJECTED or FLASH_FAILED as DATA */
  readonly status: number;
  /** As DATA */
  readonly next: number;
  /** See status */
  readonly detail: number;
}
export const EndResponse: Layout<EndResponse> = {
  name: 'end_response',
  size: 7,
  fields: [
    { name: 'status', offset: 0, type: 'u8' },
    { name: 'next', offset: 1, type: 'u16' },
    { name: 'detail', offset: 3, type: 'u32' },
  ],
};

/** Request BOOT */
export interface BootRequest {
}
export const BootRequest: Layout<BootRequest> = {
  name: 'boot_request',
  size: 0,
  fields: [
  ],
};

/** Response to BOOT */
export interface BootResponse {
  readonly status: number;
}
export const BootResponse: Layout<BootResponse> = {
  name: 'boot_response',
  size: 1,
  fields: [
    { name: 'status', offset: 0, type: 'u8' },
  ],
};

/** Request ABORT */
export interface AbortRequest {
}
export const AbortRequest: Layout<AbortRequest> = {
  name: 'abort_request',
  size: 0,
  fields: [
  ],
};

/** Response to ABORT */
export interface AbortResponse {
  readonly status: number;
}
export const AbortResponse: Layout<AbortResponse> = {
  name: 'abort_response',
  size: 1,
  fields: [
    { name: 'status', offset: 0, type: 'u8' },
  ],
};

/** Request ENTER */
export interface EnterRequest {
}
export const EnterRequest: Layout<EnterRequest> = {
  name: 'enter_request',
  size: 0,
  fields: [
  ],
};

/** Response to ENTER */
export interface EnterResponse {
  readonly status: number;
}
export const EnterResponse: Layout<EnterResponse> = {
  name: 'enter_response',
  size: 1,
  fields: [
    { name: 'status', offset: 0, type: 'u8' },
  ],
};
