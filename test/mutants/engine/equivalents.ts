// Mutants that nobody can notice, and why: a table, so it may be long. One that a test notices, or that the core no longer has,
// is no longer argued: the engine says so and fails.

export interface Equivalent {
  readonly file: string;
  readonly function: string;
  readonly why: string;
  /** Source text, as the engine reports it */
  readonly changes: readonly string[];
}

export const EQUIVALENTS: readonly Equivalent[] = [
  {
    file: 'iap.c',
    function: 'now_ms',
    why: 'only differences of times are used',
    changes: [
      'iap_port_now_ms(iap->update.target.port) → (iap_port_now_ms(iap->update.target.port)) + 1',
    ],
  },
  {
    file: 'iap.c',
    function: 'iap_trials_used',
    why: 'an entry that is absent has no trials, and a board allows one at least',
    changes: [
      'installed->slot != 0 && installed->trials >= iap->update.target.config->trials → installed->trials >= iap->update.target.config->trials',
      'installed->slot != 0 && installed->trials >= iap->update.target.config->trials → installed->slot != (0 + 1) && installed->trials >= iap->update.target.config->trials',
    ],
  },
  {
    file: 'iap.c',
    function: 'image_genuine',
    why: 'a last block that is whole may be finished as a rest',
    changes: [
      'iap_header_image_size(header) - verify.sha.size >= IAP_SHA256_BLOCK → (iap_header_image_size(header) - verify.sha.size) > (IAP_SHA256_BLOCK)',
      'iap_header_image_size(header) - verify.sha.size >= IAP_SHA256_BLOCK → iap_header_image_size(header) - verify.sha.size >= (IAP_SHA256_BLOCK + 1)',
    ],
  },
  {
    file: 'iap.c',
    function: 'iap_start_allowed',
    why: 'an entry that is absent has no state',
    changes: [
      'entry->slot == 0 || !iap_entry_is(entry, IAP_ENTRY_VALID) || iap_entry_token(entry) != mailbox->token → !iap_entry_is(entry, IAP_ENTRY_VALID) || iap_entry_token(entry) != mailbox->token',
      'entry->slot == 0 || !iap_entry_is(entry, IAP_ENTRY_VALID) || iap_entry_token(entry) != mailbox->token → entry->slot == (0 + 1) || !iap_entry_is(entry, IAP_ENTRY_VALID) || iap_entry_token(entry) != mailbox->token',
    ],
  },
  {
    file: 'iap.c',
    function: 'receive',
    why: 'a byte less at a time',
    changes: [
      'size_t size = iap_port_receive(port, bytes, sizeof bytes) → size_t size = iap_port_receive(port, bytes, (sizeof bytes - 1))',
    ],
  },
  {
    file: 'iap.c',
    function: 'watch_holders',
    why: 'what no longer listens may stop listening again',
    changes: [
      'iap->listening && passed(iap, iap->start_ms, config->listen_ms) → passed(iap, iap->start_ms, config->listen_ms)',
    ],
  },
  {
    file: 'iap.c',
    function: 'decide',
    why: 'HELLO itself says HOST where nothing was said before',
    changes: [
      'decision.action == IAP_BOOT_STAY && (iap->stay == IAP_STAY_NONE || decision.stay != IAP_STAY_HOST) → decision.action == IAP_BOOT_STAY && (decision.stay != IAP_STAY_HOST)',
    ],
  },
  {
    file: 'iap.c',
    function: 'decide',
    why: 'HELLO itself says HOST where nothing was said before, and a fault is not held by a host',
    changes: [
      'decision.action == IAP_BOOT_STAY && (iap->stay == IAP_STAY_NONE || decision.stay != IAP_STAY_HOST) → decision.action == IAP_BOOT_STAY && (iap->stay == (IAP_STAY_NONE + 1) || decision.stay != IAP_STAY_HOST)',
    ],
  },
  {
    file: 'iap.c',
    function: 'iap_step',
    why: 'a record read again at each step is the same record',
    changes: ['!iap->record_known && iap->stayed → iap->stayed'],
  },
  {
    file: 'iap.c',
    function: 'iap_step',
    why: 'no port comes back from a restart',
    changes: ['return; →'],
  },
  {
    file: 'iap.h',
    function: 'iap_hello_holds',
    why: "a HELLO of fewer than four bytes is refused; whether it holds on is nobody's promise",
    changes: [
      'hello->size > IAP_HELLO_REQUEST_AT_FLAGS && (hello->payload[IAP_HELLO_REQUEST_AT_FLAGS] & IAP_HELLO_FLAG_HOLD) != 0 → (hello->payload[IAP_HELLO_REQUEST_AT_FLAGS] & IAP_HELLO_FLAG_HOLD) != 0',
      'hello->size > IAP_HELLO_REQUEST_AT_FLAGS → (hello->size) >= (IAP_HELLO_REQUEST_AT_FLAGS)',
      'hello->size > IAP_HELLO_REQUEST_AT_FLAGS → hello->size > (IAP_HELLO_REQUEST_AT_FLAGS + 1)',
      'hello->size > IAP_HELLO_REQUEST_AT_FLAGS → hello->size > (IAP_HELLO_REQUEST_AT_FLAGS - 1)',
    ],
  },
  {
    file: 'iap_boot.c',
    function: 'without_fault',
    why: 'the same value',
    changes: [
      '(struct iap_boot_decision){IAP_BOOT_WAIT, IAP_STAY_NONE} → (struct iap_boot_decision){0}',
    ],
  },
  {
    file: 'iap_commands.c',
    function: 'installed_state',
    why: 'PRESENT, which this adds, is in the state of every entry there is',
    changes: [
      '(uint8_t)((checked ? IAP_IMAGE_STATE_CHECKED : 0) | (iap->update.check.good ? IAP_IMAGE_STATE_GOOD : 0) | (iap_trials_used(iap) ? IAP_IMAGE_STATE_TRIALS_USED : 0)) → ((uint8_t)((checked ? IAP_IMAGE_STATE_CHECKED : 0) | (iap->update.check.good ? IAP_IMAGE_STATE_GOOD : 0) | (iap_trials_used(iap) ? IAP_IMAGE_STATE_TRIALS_USED : 0))) + 1',
      '(checked ? IAP_IMAGE_STATE_CHECKED : 0) → (checked ? (IAP_IMAGE_STATE_CHECKED + 1) : 0)',
      '(checked ? IAP_IMAGE_STATE_CHECKED : 0) → (checked ? IAP_IMAGE_STATE_CHECKED : (0 + 1))',
      '(iap->update.check.good ? IAP_IMAGE_STATE_GOOD : 0) → (iap->update.check.good ? (IAP_IMAGE_STATE_GOOD + 1) : 0)',
      '(iap->update.check.good ? IAP_IMAGE_STATE_GOOD : 0) → (iap->update.check.good ? IAP_IMAGE_STATE_GOOD : (0 + 1))',
      '(iap_trials_used(iap) ? IAP_IMAGE_STATE_TRIALS_USED : 0) → (iap_trials_used(iap) ? (IAP_IMAGE_STATE_TRIALS_USED + 1) : 0)',
      '(iap_trials_used(iap) ? IAP_IMAGE_STATE_TRIALS_USED : 0) → (iap_trials_used(iap) ? IAP_IMAGE_STATE_TRIALS_USED : (0 + 1))',
    ],
  },
  {
    file: 'iap_commands.c',
    function: 'baud',
    why: 'no error either way',
    changes: [
      'uint32_t error = real > rate ? real - rate : rate - real → uint32_t error = (real) >= (rate) ? real - rate : rate - real',
    ],
  },
  {
    file: 'iap_flash.c',
    function: 'iap_flash_erase_page',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_flash.c',
    function: 'iap_flash_program',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_flash.c',
    function: 'iap_flash_program',
    why: 'somewhere they differ; the end is for cells that read differently each time',
    changes: [
      'at < size && iap_get16(flash + at) == iap_get16(bytes + at) → iap_get16(flash + at) == iap_get16(bytes + at)',
      'at < size && iap_get16(flash + at) == iap_get16(bytes + at) → (at) <= (size) && iap_get16(flash + at) == iap_get16(bytes + at)',
    ],
  },
  {
    file: 'iap_flash.c',
    function: 'program_bytes',
    why: 'more than all is all',
    changes: ['size → (size) + 1'],
  },
  {
    file: 'iap_frame.c',
    function: 'store',
    why: 'too many is too many',
    changes: ['decoder->length = decoder->size + 1 → decoder->length = decoder->size + (1 + 1)'],
  },
  {
    file: 'iap_frame.c',
    function: 'iap_frame_send',
    why: 'nothing is read after the last block',
    changes: ['more && run < COBS_RUN → run < COBS_RUN'],
  },
  {
    file: 'iap_header.h',
    function: 'iap_header_check_format',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_hello.c',
    function: 'put_image',
    why: 'PRESENT, which this adds, is in the state anyway',
    changes: [
      '(iap_entry_is(entry, IAP_ENTRY_TOUCHED) ? IAP_IMAGE_STATE_TOUCHED : 0) → (iap_entry_is(entry, IAP_ENTRY_TOUCHED) ? (IAP_IMAGE_STATE_TOUCHED + 1) : 0)',
      '(iap_entry_is(entry, IAP_ENTRY_TOUCHED) ? IAP_IMAGE_STATE_TOUCHED : 0) → (iap_entry_is(entry, IAP_ENTRY_TOUCHED) ? IAP_IMAGE_STATE_TOUCHED : (0 + 1))',
      '(iap_entry_is(entry, IAP_ENTRY_VALID) ? IAP_IMAGE_STATE_VALID : 0) → (iap_entry_is(entry, IAP_ENTRY_VALID) ? (IAP_IMAGE_STATE_VALID + 1) : 0)',
      '(iap_entry_is(entry, IAP_ENTRY_VALID) ? IAP_IMAGE_STATE_VALID : 0) → (iap_entry_is(entry, IAP_ENTRY_VALID) ? IAP_IMAGE_STATE_VALID : (0 + 1))',
      '(iap_entry_is(entry, IAP_ENTRY_CONFIRMED) ? IAP_IMAGE_STATE_CONFIRMED : 0) → (iap_entry_is(entry, IAP_ENTRY_CONFIRMED) ? (IAP_IMAGE_STATE_CONFIRMED + 1) : 0)',
      '(iap_entry_is(entry, IAP_ENTRY_CONFIRMED) ? IAP_IMAGE_STATE_CONFIRMED : 0) → (iap_entry_is(entry, IAP_ENTRY_CONFIRMED) ? IAP_IMAGE_STATE_CONFIRMED : (0 + 1))',
    ],
  },
  {
    file: 'iap_hello.c',
    function: 'put_image',
    why: 'the next field is written after it',
    changes: [
      'iap_copy(to + IAP_IMAGE_AT_SHA256, iap_header_image_sha256(header), 32) → iap_copy(to + IAP_IMAGE_AT_SHA256, iap_header_image_sha256(header), (32 + 1))',
    ],
  },
  {
    file: 'iap_hello.c',
    function: 'put_identity',
    why: 'the next field is written after it',
    changes: [
      'iap_copy(to + IAP_HELLO_RESPONSE_AT_PRODUCT, identity->product, 16) → iap_copy(to + IAP_HELLO_RESPONSE_AT_PRODUCT, identity->product, (16 + 1))',
      'iap_copy(to + IAP_HELLO_RESPONSE_AT_SERIAL, identity->serial, 16) → iap_copy(to + IAP_HELLO_RESPONSE_AT_SERIAL, identity->serial, (16 + 1))',
    ],
  },
  {
    file: 'iap_hello.c',
    function: 'iap_hello_encode',
    why: 'the CRC-32 of the frame is written there afterwards',
    changes: [
      'iap_fill(to, 0, IAP_HELLO_RESPONSE_SIZE) → iap_fill(to, 0, (IAP_HELLO_RESPONSE_SIZE + 1))',
    ],
  },
  {
    file: 'iap_hello.c',
    function: 'iap_hello_encode',
    why: 'OK is 0, which is there already',
    changes: [
      'to[IAP_HELLO_RESPONSE_AT_STATUS] = IAP_STATUS_OK; →',
      'to[IAP_HELLO_RESPONSE_AT_STATUS] = IAP_STATUS_OK → to[(IAP_HELLO_RESPONSE_AT_STATUS + 1)] = IAP_STATUS_OK',
    ],
  },
  {
    file: 'iap_hello.c',
    function: 'iap_hello_encode',
    why: 'the minor version is 0, which is there already',
    changes: [
      'to[IAP_HELLO_RESPONSE_AT_MINOR] = IAP_PROTOCOL_MINOR; →',
      'to[IAP_HELLO_RESPONSE_AT_MINOR] = IAP_PROTOCOL_MINOR → to[(IAP_HELLO_RESPONSE_AT_MINOR + 1)] = IAP_PROTOCOL_MINOR',
    ],
  },
  {
    file: 'iap_hello.c',
    function: 'iap_hello_encode',
    why: 'the next field is written after it',
    changes: [
      'iap_copy(to + IAP_HELLO_RESPONSE_AT_BOOTLOADER_MAJOR, hello->version, sizeof hello->version) → iap_copy(to + IAP_HELLO_RESPONSE_AT_BOOTLOADER_MAJOR, hello->version, (sizeof hello->version + 1))',
      'iap_copy(to + IAP_HELLO_RESPONSE_AT_UNIQUE_ID, config->unique_id, 12) → iap_copy(to + IAP_HELLO_RESPONSE_AT_UNIQUE_ID, config->unique_id, (12 + 1))',
    ],
  },
  {
    file: 'iap_hello.c',
    function: 'iap_hello_encode',
    why: 'PRESENT, which this adds, is in the state anyway',
    changes: [
      'put_image(to + IAP_HELLO_RESPONSE_AT_PENDING, &hello->record->pending, 0) → put_image(to + IAP_HELLO_RESPONSE_AT_PENDING, &hello->record->pending, (0 + 1))',
    ],
  },
  {
    file: 'iap_image.c',
    function: 'iap_capabilities',
    why: 'BAUD, which this adds, is in them anyway',
    changes: [
      'IAP_CAPABILITY_BAUD | IAP_CAPABILITY_CONFIRM | target->config->capabilities → IAP_CAPABILITY_BAUD | (IAP_CAPABILITY_CONFIRM + 1) | target->config->capabilities',
      '(iap_trust_signed_only() ? IAP_CAPABILITY_SIGNATURE : 0) → (iap_trust_signed_only() ? (IAP_CAPABILITY_SIGNATURE + 1) : 0)',
      '(iap_trust_signed_only() ? IAP_CAPABILITY_SIGNATURE : 0) → (iap_trust_signed_only() ? IAP_CAPABILITY_SIGNATURE : (0 + 1))',
      '(iap_page_takes_deflate(target->config) ? IAP_CAPABILITY_DEFLATE : 0) → (iap_page_takes_deflate(target->config) ? (IAP_CAPABILITY_DEFLATE + 1) : 0)',
      '(iap_page_takes_deflate(target->config) ? IAP_CAPABILITY_DEFLATE : 0) → (iap_page_takes_deflate(target->config) ? IAP_CAPABILITY_DEFLATE : (0 + 1))',
      '(iap_page_takes_dictionary(target) ? IAP_CAPABILITY_DICTIONARY : 0) → (iap_page_takes_dictionary(target) ? (IAP_CAPABILITY_DICTIONARY + 1) : 0)',
      '(iap_page_takes_dictionary(target) ? IAP_CAPABILITY_DICTIONARY : 0) → (iap_page_takes_dictionary(target) ? IAP_CAPABILITY_DICTIONARY : (0 + 1))',
    ],
  },
  {
    file: 'iap_image.c',
    function: 'accept_product',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_image.c',
    function: 'accept_place',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_image.c',
    function: 'accept_needs',
    why: 'the lower flags are masked anyway',
    changes: [
      'uint32_t flags = iap_header_flags(header) & REQUIRED_FLAGS & ~IAP_IMAGE_FLAG_CONFIRM → uint32_t flags = iap_header_flags(header) & REQUIRED_FLAGS & ~(IAP_IMAGE_FLAG_CONFIRM + 1)',
    ],
  },
  {
    file: 'iap_image.c',
    function: 'accept_needs',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_image.c',
    function: 'iap_vectors_good',
    why: 'an odd address is not that of a page',
    changes: ['reset > config->app_base → (reset) >= (config->app_base)'],
  },
  {
    file: 'iap_image.c',
    function: 'iap_check_step',
    why: 'equal is equal',
    changes: [
      'uint32_t piece = left < CHECK_PIECE ? left : CHECK_PIECE → uint32_t piece = (left) <= (CHECK_PIECE) ? left : CHECK_PIECE',
      'uint32_t piece = left < CHECK_PIECE ? left : CHECK_PIECE → uint32_t piece = left < (CHECK_PIECE + 1) ? left : CHECK_PIECE',
    ],
  },
  {
    file: 'iap.c',
    function: 'receive',
    why: 'what is not taken at once iap_decoder_sink takes',
    changes: ['i += iap_decoder_run(&iap->decoder, bytes + i, size - i); →'],
  },
  {
    file: 'iap_port.h',
    function: 'iap_port_protection',
    why: 'the lowest bit is SIGNED_ONLY: who tells it sets it, and nobody else looks at it',
    changes: [
      'port->protection != NULL ? port->protection(port->context) : 0 → (port->protection != NULL ? port->protection(port->context) : 0) + 1',
    ],
  },
  {
    file: 'iap_bytes.c',
    function: 'iap_copy',
    why: 'what is left is done byte by byte, and nothing is wrong with a byte that is done twice',
    changes: [
      'size - i >= 4 → false',
      'size - i >= 4 → (size - i) > (4)',
      'size - i >= 4 → size - i >= (4 + 1)',
      'i += 4 → i += (4 - 1)',
    ],
  },
  {
    file: 'iap_bytes.c',
    function: 'iap_equal',
    why: 'what is left is done byte by byte, and nothing is wrong with a byte that is done twice',
    changes: [
      'size - i >= 4 → false',
      'size - i >= 4 → (size - i) > (4)',
      'size - i >= 4 → size - i >= (4 + 1)',
      'i += 4 → i += (4 - 1)',
    ],
  },
  {
    file: 'iap_bytes.c',
    function: 'iap_all',
    why: 'what is left is done byte by byte, and nothing is wrong with a byte that is done twice',
    changes: [
      'size - i >= 4 → false',
      'size - i >= 4 → (size - i) > (4)',
      'size - i >= 4 → size - i >= (4 + 1)',
      'i += 4 → i += (4 - 1)',
    ],
  },
  {
    file: 'iap_crc.c',
    function: 'iap_port_crc32',
    why: 'hardware computes the same, and there are no 15 bytes that it is asked for',
    changes: [
      'port != NULL && port->crc32 != NULL && size >= SHORTEST → port != NULL && port->crc32 != NULL && size >= (SHORTEST - 1)',
    ],
  },
  {
    file: 'iap_frame.c',
    function: 'iap_decoder_run',
    why: 'equal; or what is not taken at once iap_decoder_sink takes',
    changes: [
      'size_t most = decoder->length < decoder->size ? decoder->size - decoder->length : 0 → size_t most = (decoder->length) <= (decoder->size) ? decoder->size - decoder->length : 0',
      'most = most < decoder->left ? most : decoder->left → most = (most) <= (decoder->left) ? most : decoder->left',
      'most = most < size ? most : size → most = (most) <= (size) ? most : size',
    ],
  },
  {
    file: 'iap_inflate.c',
    function: 'fail',
    why: 'what has failed gives no more symbols: the value is not used',
    changes: ['0 → (0 + 1)'],
  },
  {
    file: 'iap_inflate.c',
    function: 'take_bits',
    why: 'what has failed gives no more symbols: the value is not used',
    changes: ['fail(inflate) → (fail(inflate)) + 1'],
  },
  {
    file: 'iap_inflate.c',
    function: 'take_symbol',
    why: 'what has failed gives no more symbols: the value is not used',
    changes: ['fail(inflate) → (fail(inflate)) + 1'],
  },
  {
    file: 'iap_inflate.c',
    function: 'room_for',
    why: 'too many bytes lie before what is read all the same, and are noticed in the end',
    changes: [
      'size <= inflate->size - inflate->written && inflate->written + size <= inflate->read → inflate->written + size <= inflate->read',
      'size <= inflate->size - inflate->written && inflate->written + size <= inflate->read → size <= (inflate->size) + (inflate->written) && inflate->written + size <= inflate->read',
    ],
  },
  {
    file: 'iap_inflate.c',
    function: 'copy',
    why: 'equal',
    changes: ['piece = size < before ? size : before → piece = (size) <= (before) ? size : before'],
  },
  {
    file: 'iap_inflate.c',
    function: 'make_code',
    why: 'set in any case, further down',
    changes: ['uint32_t i = 0 → uint32_t i = (0 + 1)'],
  },
  {
    file: 'iap_inflate.c',
    function: 'make_fixed_codes',
    why: 'distance 30 is refused, with a code and without one',
    changes: [
      'i < MOST_DISTANCES → i < (MOST_DISTANCES + 1)',
      'i < MOST_DISTANCES → (i) <= (MOST_DISTANCES)',
      'make_code(&codes->distances, lengths, MOST_DISTANCES) → make_code(&codes->distances, lengths, (MOST_DISTANCES + 1))',
    ],
  },
  {
    file: 'iap_inflate.c',
    function: 'take_codes',
    why: 'the last one, symbol 18, is always given',
    changes: ['i < LENGTH_CODES → i < (LENGTH_CODES - 1)'],
  },
  {
    file: 'iap_inflate.c',
    function: 'take_codes',
    why: 'a length that is 0, of a symbol that there is not',
    changes: [
      'make_code(&codes->distances, lengths, LENGTH_CODES) → make_code(&codes->distances, lengths, (LENGTH_CODES + 1))',
    ],
  },
  {
    file: 'iap_inflate.c',
    function: 'take_codes',
    why: 'a repeat of the length before the first one: no stream that is right has it, and RFC 1951 does not say what it is',
    changes: ['uint8_t length = 0 → uint8_t length = (0 + 1)'],
  },
  {
    file: 'iap_inflate.c',
    function: 'take_length',
    why: 'the longest has been returned; what has failed gives no length; both ways to say the first length with extra bits, and the last without, are the same',
    changes: [
      'symbol > LONGEST_COPY → (symbol) >= (LONGEST_COPY)',
      'symbol > LONGEST_COPY → symbol > (LONGEST_COPY - 1)',
      'fail(inflate) → (fail(inflate)) + 1',
      'uint32_t extra = n < 8 ? 0 : (n - 4) >> 2 → uint32_t extra = n < (8 - 1) ? 0 : (n - 4) >> 2',
      '3 + (n < 8 ? n : (4 + (n & 3u)) << extra) + take_bits(inflate, extra) → 3 + ((n) <= (8) ? n : (4 + (n & 3u)) << extra) + take_bits(inflate, extra)',
      '3 + (n < 8 ? n : (4 + (n & 3u)) << extra) + take_bits(inflate, extra) → 3 + (n < (8 + 1) ? n : (4 + (n & 3u)) << extra) + take_bits(inflate, extra)',
      '3 + (n < 8 ? n : (4 + (n & 3u)) << extra) + take_bits(inflate, extra) → 3 + (n < (8 - 1) ? n : (4 + (n & 3u)) << extra) + take_bits(inflate, extra)',
    ],
  },
  {
    file: 'iap_inflate.c',
    function: 'take_distance',
    why: 'what has failed gives no distance; both ways to say the first distance with extra bits, and the last without, are the same',
    changes: [
      'fail(inflate) → (fail(inflate)) + 1',
      'uint32_t extra = symbol < 4 ? 0 : (symbol - 2) >> 1 → uint32_t extra = symbol < (4 - 1) ? 0 : (symbol - 2) >> 1',
      '1 + (symbol < 4 ? symbol : (2 + (symbol & 1u)) << extra) + take_bits(inflate, extra) → 1 + ((symbol) <= (4) ? symbol : (2 + (symbol & 1u)) << extra) + take_bits(inflate, extra)',
      '1 + (symbol < 4 ? symbol : (2 + (symbol & 1u)) << extra) + take_bits(inflate, extra) → 1 + (symbol < (4 - 1) ? symbol : (2 + (symbol & 1u)) << extra) + take_bits(inflate, extra)',
      '1 + (symbol < 4 ? symbol : (2 + (symbol & 1u)) << extra) + take_bits(inflate, extra) → 1 + (symbol < (4 + 1) ? symbol : (2 + (symbol & 1u)) << extra) + take_bits(inflate, extra)',
    ],
  },
  {
    file: 'iap_inflate.c',
    function: 'take_compressed',
    why: 'the end of the block has been returned',
    changes: [
      'symbol < END_OF_BLOCK → (symbol) <= (END_OF_BLOCK)',
      'symbol < END_OF_BLOCK → symbol < (END_OF_BLOCK + 1)',
    ],
  },
  {
    file: 'iap_inflate.c',
    function: 'take_stored',
    why: 'what has failed goes on failing, to the end of the block',
    changes: ['size > 0 && !inflate->failed → size > 0'],
  },
  {
    file: 'iap_page.c',
    function: 'iap_page_takes_dictionary',
    why: 'a port says nothing of signatures',
    changes: [
      '(iap_port_protection(target->port) & IAP_SECURITY_FLAG_READ_PROTECTED) == 0 → (iap_port_protection(target->port) & (IAP_SECURITY_FLAG_READ_PROTECTED + 1)) == 0',
    ],
  },
  {
    file: 'iap_page.c',
    function: 'decode_page',
    why: 'whole pages',
    changes: [
      '!iap_page_takes_dictionary(target) || pages > end || inflate.dictionary_size > IAP_MAX_DICTIONARY → !iap_page_takes_dictionary(target) || pages > end || inflate.dictionary_size > (IAP_MAX_DICTIONARY + 1)',
    ],
  },
  {
    file: 'iap_page.c',
    function: 'iap_page_open',
    why: 'equal is equal',
    changes: [
      'head->decoded_length != (left < config->page_size ? left : config->page_size) → head->decoded_length != ((left) <= (config->page_size) ? left : config->page_size)',
    ],
  },
  {
    file: 'iap_page.c',
    function: 'iap_page_open',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_page.c',
    function: 'iap_page_add',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_page.c',
    function: 'iap_page_check',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_page.c',
    function: 'last_zero',
    why: 'the offset is even',
    changes: ['at > 0 → at > (0 + 1)'],
  },
  {
    file: 'iap_page.c',
    function: 'last_zero',
    why: 'any offset that is not in the page says that there is none',
    changes: ['size → (size) + 1'],
  },
  {
    file: 'iap_page.c',
    function: 'iap_page_write',
    why: 'what is not blank is erased',
    changes: ['erase && !blank → !blank'],
  },
  {
    file: 'iap_page.h',
    function: 'iap_page_complete',
    why: 'asked only after bytes were added to an open page',
    changes: ['page->open && page->filled == page->encoded → page->filled == page->encoded'],
  },
  {
    file: 'iap_port.h',
    function: 'iap_port_now_ms',
    why: 'only differences of times are used',
    changes: ['port->now_ms(port->context) → (port->now_ms(port->context)) + 1'],
  },
  {
    file: 'iap_record.c',
    function: 'read_entry',
    why: 'an entry without sequence and states counts nowhere',
    changes: ['0 → (0 + 1)'],
  },
  {
    file: 'iap_record.c',
    function: 'find_area',
    why: 'no two areas have one generation',
    changes: [
      'record->area == 0 || generation > record->generation → record->area == 0 || (generation) >= (record->generation)',
    ],
  },
  {
    file: 'iap_record.c',
    function: 'keep_newer',
    why: 'no two entries have one sequence',
    changes: ['entry->sequence > kept->sequence → (entry->sequence) >= (kept->sequence)'],
  },
  {
    file: 'iap_record.c',
    function: 'iap_record_read',
    why: 'it is empty here',
    changes: ['record → (struct iap_record){0}'],
  },
  {
    file: 'iap_record.c',
    function: 'iap_record_read',
    why: 'an entry without sequence and states counts nowhere',
    changes: [
      '0 → (0 + 1)',
      'entry.slot == 0 → false',
      'entry.slot == 0 → entry.slot == (0 + 1)',
      'continue; →',
    ],
  },
  {
    file: 'iap_record.c',
    function: 'iap_record_read',
    why: 'equal is equal',
    changes: [
      'entry.sequence > record.last_sequence → (entry.sequence) >= (record.last_sequence)',
      'waiting.sequence > record.installed.sequence → (waiting.sequence) >= (record.installed.sequence)',
    ],
  },
  {
    file: 'iap_record.c',
    function: 'iap_record_refresh',
    why: 'an area begins with its header, not with a slot',
    changes: [
      'uint32_t area = slot < iap_record_b(config) ? iap_record_a(config) : iap_record_b(config) → uint32_t area = (slot) <= (iap_record_b(config)) ? iap_record_a(config) : iap_record_b(config)',
    ],
  },
  {
    file: 'iap_record.c',
    function: 'copy_entry',
    why: 'WRITTEN is set by then',
    changes: ['uint32_t state = IAP_ENTRY_WRITTEN → uint32_t state = (IAP_ENTRY_WRITTEN + 1)'],
  },
  {
    file: 'iap_record.c',
    function: 'erase_area',
    why: 'a page is larger than a byte',
    changes: [
      'at < IAP_RECORD_AREA_SIZE && iap_ok(result) → at < (IAP_RECORD_AREA_SIZE - 1) && iap_ok(result)',
    ],
  },
  {
    file: 'iap_record.c',
    function: 'rotate',
    why: 'the failure is returned all the same, and nobody reads the record after that',
    changes: ['!iap_ok(result) → false'],
  },
  {
    file: 'iap_record.c',
    function: 'rotate',
    why: 'it is OK here, which is 0',
    changes: ['result → 0'],
  },
  {
    file: 'iap_record.c',
    function: 'append',
    why: 'an area without a blank slot is left, and a new one has some',
    changes: [
      'iap_result result = iap_failure(IAP_STATUS_RECORD_FAILED, record->area) → iap_result result = iap_failure((IAP_STATUS_RECORD_FAILED + 1), record->area)',
    ],
  },
  {
    file: 'iap_record.c',
    function: 'append',
    why: 'what was read back just now reads right',
    changes: [
      'entry->slot != 0 ? result : iap_failure(IAP_STATUS_RECORD_FAILED, slot) → 0',
      'entry->slot != 0 ? result : iap_failure(IAP_STATUS_RECORD_FAILED, slot) → entry->slot != (0 + 1) ? result : iap_failure(IAP_STATUS_RECORD_FAILED, slot)',
      'entry->slot != 0 ? result : iap_failure(IAP_STATUS_RECORD_FAILED, slot) → entry->slot != 0 ? result : iap_failure((IAP_STATUS_RECORD_FAILED + 1), slot)',
    ],
  },
  {
    file: 'iap_record.c',
    function: 'iap_record_append',
    why: 'nothing is programmed at address 0',
    changes: [
      'record.area != 0 && iap_ok(set_area_sealed(target, record.area)) → iap_ok(set_area_sealed(target, record.area))',
      'record.area != 0 && iap_ok(set_area_sealed(target, record.area)) → record.area != (0 + 1) && iap_ok(set_area_sealed(target, record.area))',
    ],
  },
  {
    file: 'iap_record.c',
    function: 'iap_record_append',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_result.h',
    function: 'iap_success',
    why: 'the same value',
    changes: ['iap_failure(IAP_STATUS_OK, 0) → 0'],
  },
  {
    file: 'iap_sha256.c',
    function: 'iap_sha256_finish',
    why: 'the length is written there, or the block is not used',
    changes: ['iap_fill(last, 0, sizeof last) → iap_fill(last, 0, (sizeof last - 1))'],
  },
  {
    file: 'iap_sha256.c',
    function: 'iap_sha256_finish',
    why: 'no image has 512 MB',
    changes: [
      'br_enc32be(last + padded - 8, bytes >> 29); →',
      'br_enc32be(last + padded - 8, bytes >> 29) → br_enc32be((last) - (padded) - 8, bytes >> 29)',
      'br_enc32be(last + padded - 8, bytes >> 29) → br_enc32be(last + padded - (8 - 1), bytes >> 29)',
      'br_enc32be(last + padded - 8, bytes >> 29) → br_enc32be(last + padded - 8, bytes >> (29 + 1))',
      'br_enc32be(last + padded - 8, bytes >> 29) → br_enc32be(last + padded - 8, bytes >> (29 - 1))',
    ],
  },
  {
    file: 'iap_trust_keys.c',
    function: 'examine',
    why: 'any failure is one',
    changes: [
      'int outcome = P256_INVALID_SIGNATURE → int outcome = (P256_INVALID_SIGNATURE + 1)',
      'int outcome = P256_INVALID_SIGNATURE → int outcome = (P256_INVALID_SIGNATURE - 1)',
      'outcome == P256_SUCCESS ? GENUINE : 0 → outcome == P256_SUCCESS ? GENUINE : (0 + 1)',
    ],
  },
  {
    file: 'iap_trust_keys.c',
    function: 'examine',
    why: 'of a longer digest the first 32 bytes count',
    changes: [
      'outcome = p256_ecdsa_verify(signature, point, digest, IAP_SHA256_DIGEST) → outcome = p256_ecdsa_verify(signature, point, digest, (IAP_SHA256_DIGEST + 1))',
    ],
  },
  {
    file: 'iap_trust_keys.c',
    function: 'digest_of',
    why: 'no byte is read there',
    changes: [
      'iap_sha256_finish(&sha, bytes + size, 0, digest) → iap_sha256_finish(&sha, (bytes) - (size), 0, digest)',
    ],
  },
  {
    file: 'iap_trust_keys.c',
    function: 'iap_trust_verify',
    why: 'only headers that are accepted come here, whose key has a slot',
    changes: [
      'const uint8_t *slot = key_slot(target, iap_header_key_id(header) % IAP_KEY_SLOTS) → const uint8_t *slot = key_slot(target, iap_header_key_id(header) % (IAP_KEY_SLOTS + 1))',
    ],
  },
  {
    file: 'iap_trust_keys.c',
    function: 'put_key',
    why: 'the next field is written after it, or the CRC-32 of the frame',
    changes: [
      'IAP_KEY_SUMMARY_SIZE - IAP_KEY_SUMMARY_AT_FINGERPRINT → (IAP_KEY_SUMMARY_SIZE + 1) - IAP_KEY_SUMMARY_AT_FINGERPRINT',
      'IAP_KEY_SUMMARY_SIZE - IAP_KEY_SUMMARY_AT_FINGERPRINT → IAP_KEY_SUMMARY_SIZE - (IAP_KEY_SUMMARY_AT_FINGERPRINT - 1)',
    ],
  },
  {
    file: 'iap_trust_keys.c',
    function: 'iap_trust_hello',
    why: 'the CRC-32 of the frame is written there afterwards, and what is behind it is not sent',
    changes: [
      'iap_fill(to, 0, IAP_SECURITY_SIZE) → iap_fill(to, 0, (IAP_SECURITY_SIZE + 1))',
      'key < IAP_KEY_SLOTS → (key) <= (IAP_KEY_SLOTS)',
      'key < IAP_KEY_SLOTS → key < (IAP_KEY_SLOTS + 1)',
    ],
  },
  {
    file: 'iap_trust_keys.c',
    function: 'iap_trust_hello',
    why: 'SIGNED_ONLY, which this adds, is in the flags anyway',
    changes: [
      'IAP_SECURITY_FLAG_SIGNED_ONLY | (good ? IAP_SECURITY_FLAG_KEYS : 0) → IAP_SECURITY_FLAG_SIGNED_ONLY | (good ? IAP_SECURITY_FLAG_KEYS : (0 + 1))',
      'IAP_SECURITY_FLAG_SIGNED_ONLY | (good ? IAP_SECURITY_FLAG_KEYS : 0) → IAP_SECURITY_FLAG_SIGNED_ONLY | (good ? (IAP_SECURITY_FLAG_KEYS + 1) : 0)',
      '(target->config->verify_at_boot ? IAP_SECURITY_FLAG_BOOT_VERIFIED : 0) → (target->config->verify_at_boot ? (IAP_SECURITY_FLAG_BOOT_VERIFIED + 1) : 0)',
      '(target->config->verify_at_boot ? IAP_SECURITY_FLAG_BOOT_VERIFIED : 0) → (target->config->verify_at_boot ? IAP_SECURITY_FLAG_BOOT_VERIFIED : (0 + 1))',
    ],
  },
  {
    file: 'iap_trust_none.c',
    function: 'iap_trust_verify',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_update.c',
    function: 'iap_update_read_record',
    why: 'each step follows before anything is answered or decided by it',
    changes: ['follow_installed(update); →'],
  },
  {
    file: 'iap_update.c',
    function: 'iap_update_check',
    why: 'it was followed when the record was read; after a reset it only checks once more',
    changes: ['follow_installed(update); →'],
  },
  {
    file: 'iap_update.c',
    function: 'iap_update_check_now',
    why: 'it was followed when the record was read',
    changes: ['follow_installed(update); →'],
  },
  {
    file: 'iap_update_begin.c',
    function: 'is_installed',
    why: 'an image that is not VALID is never checked, so never good',
    changes: [
      '!same_image(installed, header) || !iap_entry_is(installed, IAP_ENTRY_VALID) → !same_image(installed, header)',
    ],
  },
  {
    file: 'iap_update_data.c',
    function: 'open_page',
    why: 'a head that is a byte short wraps the size, which is too long then',
    changes: ['request->size < IAP_PAGE_HEAD_SIZE → request->size < (IAP_PAGE_HEAD_SIZE - 1)'],
  },
  {
    file: 'iap_update_data.c',
    function: 'add_to_page',
    why: 'a page that failed is not open, so not complete',
    changes: [
      '!iap_ok(result) || !iap_page_complete(&session->page) → !iap_page_complete(&session->page)',
    ],
  },
  {
    file: 'iap_update_data.c',
    function: 'iap_update_data',
    why: '0 was taken before',
    changes: [
      '!query && ahead > 0 && iap_ok(session->result) → !query && (ahead) >= (0) && iap_ok(session->result)',
    ],
  },
  {
    file: 'iap_update_end.c',
    function: 'verify_rest',
    why: 'a last block that is whole may be finished as a rest',
    changes: [
      'iap_header_image_size(session->header) - session->verify.sha.size >= IAP_SHA256_BLOCK → (iap_header_image_size(session->header) - session->verify.sha.size) > (IAP_SHA256_BLOCK)',
      'iap_header_image_size(session->header) - session->verify.sha.size >= IAP_SHA256_BLOCK → iap_header_image_size(session->header) - session->verify.sha.size >= (IAP_SHA256_BLOCK + 1)',
    ],
  },
  {
    file: 'iap_update_end.c',
    function: 'trust',
    why: 'the same value',
    changes: ['iap_success() → 0'],
  },
  {
    file: 'iap_update_end.c',
    function: 'finish',
    why: 'it is OK here, which is 0',
    changes: ['result → 0'],
  },
];
