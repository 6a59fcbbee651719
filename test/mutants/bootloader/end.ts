// END, ABORT, and where an update may write.
import type { Mutant } from '../mutant.js';

const CORE = 'core/';

export const END: readonly Mutant[] = [
  {
    id: 'END trusts the CRC-32',
    requirements: ['B-39'],
    file: `${CORE}iap_image.c`,
    find: 'if (!iap_equal(digest, header + IAP_HEADER_AT_IMAGE_SHA256, sizeof digest)) {',
    replace: 'if (!iap_equal(digest, digest, sizeof digest)) {',
    caughtBy: 'conformance:wrong-sha',
  },
  {
    id: 'END compares the first bytes of the SHA-256',
    requirements: ['B-39'],
    file: `${CORE}iap_image.c`,
    find: 'if (!iap_equal(digest, header + IAP_HEADER_AT_IMAGE_SHA256, sizeof digest)) {',
    replace: 'if (!iap_equal(digest, header + IAP_HEADER_AT_IMAGE_SHA256, 16)) {',
    caughtBy: 'conformance:wrong-sha',
  },
  {
    id: 'END trusts the SHA-256',
    requirements: ['B-39'],
    file: `${CORE}iap_image.c`,
    find: 'if (crc != iap_get32(header + IAP_HEADER_AT_IMAGE_CRC32)) {',
    replace: 'if (crc != iap_get32(header + IAP_HEADER_AT_IMAGE_CRC32) && wrong != 0) {',
    caughtBy: 'conformance:wrong-crc',
  },
  {
    id: 'END does not look at the vectors',
    requirements: ['B-39'],
    file: `${CORE}iap_image.c`,
    find: '    if (!iap_vectors_good(target, size)) {\n        wrong',
    replace: '    if (wrong != 0 && !iap_vectors_good(target, size)) {\n        wrong',
    caughtBy: 'conformance:wrong-vectors',
  },
  {
    id: 'an even reset vector is good',
    requirements: ['B-39', 'B-62'],
    file: `${CORE}iap_image.c`,
    find: 'reset % 2 == 1 && reset > config->app_base',
    replace: 'reset > config->app_base',
    caughtBy: 'conformance:wrong-vectors',
  },
  {
    id: 'marks VALID before verifying',
    requirements: ['B-39', 'B-61'],
    file: `${CORE}iap_session.c`,
    find: '    uint32_t wrong = iap_image_verify(&update->target, session->header);',
    replace:
      '    (void)iap_record_mark_valid(&update->target, session->slot);\n    reread(update);\n    uint32_t wrong = iap_image_verify(&update->target, session->header);',
    caughtBy: 'conformance:wrong-sha',
  },
  {
    id: 'END can not be repeated',
    requirements: ['B-40'],
    file: `${CORE}iap_session.c`,
    find: 'if (session->ended && complete) {',
    replace: 'if (session->ended && session->active) {',
    caughtBy: 'conformance:repeats',
  },
  {
    id: 'ABORT needs a session',
    requirements: ['B-40'],
    file: `${CORE}iap_session.c`,
    find: '    if (session->active && update->record.installed.slot != session->slot) {',
    replace:
      '    if (!session->active) {\n        return iap_refuse(answer, IAP_STATUS_NO_SESSION, 0);\n    }\n    if (update->record.installed.slot != session->slot) {',
    caughtBy: 'conformance:repeats',
  },
  {
    id: 'ABORT closes touched updates',
    requirements: ['B-41'],
    file: `${CORE}iap_session.c`,
    find: 'if (session->active && update->record.installed.slot != session->slot) {',
    replace: 'if (session->active) {',
    caughtBy: 'core:abort_forgets_only_what_wrote_nothing',
  },
  {
    id: 'ABORT forgets nothing',
    requirements: ['B-41'],
    file: `${CORE}iap_session.c`,
    find: 'if (session->active && update->record.installed.slot != session->slot) {',
    replace: 'if (session->active && session->ended) {',
    caughtBy: 'conformance:abort',
  },
  {
    id: 'writes below APP_BASE',
    requirements: ['B-42'],
    file: `${CORE}iap_flash.c`,
    find: 'return address >= begin && address <= end && size <= end - address;',
    replace: 'return address <= end && size <= end - address && begin != 0;',
    caughtBy: 'core:only_the_application_and_the_record_can_be_written',
  },
  {
    id: 'writes beyond APP_END',
    requirements: ['B-42'],
    file: `${CORE}iap_flash.c`,
    find: 'return address >= begin && address <= end && size <= end - address;',
    replace: 'return address >= begin && address <= end && size <= end;',
    caughtBy: 'core:only_the_application_and_the_record_can_be_written',
  },
  {
    id: 'trusts pages that read blank',
    requirements: ['B-43'],
    file: `${CORE}iap_session.c`,
    find: '.trust_blank = update->record.installed.slot == 0,',
    replace: '.trust_blank = true,',
    caughtBy: 'core:a_resumed_update_erases_blank_pages',
  },
];
