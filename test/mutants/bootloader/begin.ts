// What BEGIN takes, refuses and resumes.
import type { Mutant } from '../mutant.js';

const CORE = 'core/';

export const BEGIN: readonly Mutant[] = [
  {
    id: 'takes images for another address',
    requirements: ['B-30'],
    file: `${CORE}iap_image.c`,
    find: 'if (iap_header_load_address(header) != config->app_base) {',
    replace: 'if (iap_header_load_address(header) == 0) {',
    caughtBy: 'conformance:begin-refused',
  },
  {
    id: 'takes images with flags that it does not know',
    requirements: ['B-30'],
    file: `${CORE}iap_image.c`,
    find: 'if (flags != 0 || missing != 0) {',
    replace: 'if (missing != 0) {',
    caughtBy: 'conformance:begin-refused',
  },
  {
    id: 'size before address',
    requirements: ['B-30'],
    file: `${CORE}iap_image.c`,
    find: '    if (iap_header_load_address(header) != config->app_base) {',
    replace:
      '    if (iap_header_image_size(header) < SMALLEST_IMAGE ||\n        iap_header_image_size(header) > config->app_end - config->app_base) {\n        return iap_failure(IAP_STATUS_WRONG_SIZE, config->app_end - config->app_base);\n    }\n    if (iap_header_load_address(header) != config->app_base) {',
    caughtBy: 'conformance:begin-refused',
  },
  {
    id: 'a refused BEGIN ends the session',
    requirements: ['B-30'],
    file: `${CORE}iap_update_begin.c`,
    find: 'update->record.verified.header);\n    if (!iap_ok(result)) {\n',
    replace:
      'update->record.verified.header);\n    if (!iap_ok(result)) {\n        *session = (struct iap_session){0};\n',
    caughtBy: 'conformance:begin-refused',
  },
  {
    id: 'BEGIN starts a running session anew',
    requirements: ['B-31'],
    file: `${CORE}iap_update_begin.c`,
    find: 'if (session->active && iap_header_equal(session->header, header)) {',
    replace: 'if (session->active && header == NULL) {',
    caughtBy: 'conformance:begin-resumes',
  },
  {
    id: 'BEGIN does not know its pending entry',
    requirements: ['B-31'],
    file: `${CORE}iap_update_begin.c`,
    find: '    if (same_image(&record->pending, header)) {',
    replace: '    if (same_image(&record->pending, header) && record->pending.sequence == 0) {',
    caughtBy: 'core:a_pending_entry_goes_on',
  },
  {
    id: 'BEGIN forgets an update with pages once another was begun',
    requirements: ['B-31'],
    file: `${CORE}iap_update_begin.c`,
    find: '    if (same_image(&record->installed, header) &&\n',
    replace: '    if (same_image(&record->installed, header) && record->pending.slot == 0 &&\n',
    caughtBy: 'core:an_unfinished_update_goes_on_behind_a_pending_one',
  },
  {
    id: 'BEGIN makes an entry',
    requirements: ['B-48'],
    file: `${CORE}iap_update_begin.c`,
    find: '    open_session(update, 0, &update->begun);\n',
    replace:
      '    struct iap_entry entry;\n    (void)iap_record_append(&update->target, header, &entry);\n    iap_update_read_record(update);\n    open_session(update, entry.slot, entry.header);\n',
    caughtBy: 'conformance:begin-makes-no-entry',
  },
  {
    id: 'a page that is right already makes an entry',
    requirements: ['B-48'],
    file: `${CORE}iap_update_data.c`,
    find: '    iap_result result = iap_page_check(&session->page, &update->target);\n',
    replace:
      '    (void)iap_update_set_touched(update);\n    iap_result result = iap_page_check(&session->page, &update->target);\n',
    caughtBy: 'core:begins_in_turn_write_nothing',
  },
  {
    id: 'installs the installed image again',
    requirements: ['B-32'],
    file: `${CORE}iap_update_begin.c`,
    find: 'if (!renew && is_installed(update, header)) {',
    replace: 'if (!renew && header == NULL && is_installed(update, header)) {',
    caughtBy: 'conformance:same-image',
  },
  {
    id: 'ignores RENEW',
    requirements: ['B-32'],
    file: `${CORE}iap_update_begin.c`,
    find: 'if (!renew && is_installed(update, header)) {',
    replace: 'if ((renew || !renew) && is_installed(update, header)) {',
    caughtBy: 'conformance:same-image',
  },
  {
    id: 'a damaged identity block is a blank one',
    requirements: ['B-49'],
    file: `${CORE}iap_identity.c`,
    find: '        identity.damaged = !iap_all(block, 0xff, IAP_IDENTITY_SIZE);\n',
    replace: '',
    caughtBy: 'core:a_damaged_identity_takes_the_verified_product_only',
  },
  {
    id: 'believes an identity block with a wrong CRC-32',
    requirements: ['B-30'],
    file: `${CORE}iap_identity.c`,
    find: 'iap_get32(block + IAP_IDENTITY_AT_CRC32) != iap_crc32(0, block, IAP_IDENTITY_AT_CRC32)) {',
    replace: 'block == NULL) {',
    caughtBy: 'core:a_damaged_block_says_nothing',
  },
];
