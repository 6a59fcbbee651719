// Areas, entries and states of the boot record.
import type { Mutant } from '../mutant.js';

const CORE = 'core/';

export const RECORD: readonly Mutant[] = [
  {
    id: 'an area counts without SEALED',
    requirements: ['B-50'],
    file: `${CORE}iap_record.c`,
    find: 'is_set(area + IAP_AREA_HEADER_AT_SEALED);',
    replace: '(is_set(area + IAP_AREA_HEADER_AT_SEALED) || area != NULL);',
    caughtBy: 'core:an_area_needs_its_seal',
  },
  {
    id: 'the lower generation is active',
    requirements: ['B-50'],
    file: `${CORE}iap_record.c`,
    find: 'if (record->area == 0 || generation > record->generation) {',
    replace: 'if (record->area == 0 || generation < record->generation) {',
    caughtBy: 'core:areas_take_turns',
  },
  {
    id: 'an entry counts with a wrong CRC-32',
    requirements: ['B-51'],
    file: `${CORE}iap_record.c`,
    find: ' ||\n        entry.crc32 != iap_crc32(0, slot, IAP_RECORD_SLOT_AT_CRC32)) {',
    replace: ') {',
    caughtBy: 'core:a_damaged_entry_does_not_count',
  },
  {
    id: 'an entry counts without WRITTEN',
    requirements: ['B-51'],
    file: `${CORE}iap_record.c`,
    find: '!iap_entry_is(&entry, IAP_ENTRY_WRITTEN) ||',
    replace: '',
    caughtBy: 'core:a_damaged_entry_does_not_count',
  },
  {
    id: 'WRITTEN comes first',
    requirements: ['B-52'],
    file: `${CORE}iap_record.c`,
    find: '    return program(target, address + IAP_RECORD_SLOT_AT_SEQUENCE, number, sizeof number, failed) &&',
    replace:
      '    return iap_record_mark(target, address, IAP_RECORD_SLOT_AT_WRITTEN) &&\n           program(target, address + IAP_RECORD_SLOT_AT_SEQUENCE, number, sizeof number, failed) &&',
    caughtBy: 'core:marks_come_after_what_they_vouch_for',
  },
  {
    id: 'an area is sealed before its header is written',
    requirements: ['B-52'],
    file: `${CORE}iap_record.c`,
    find: 'if (!program(target, area, header, sizeof header, failed) ||\n        !iap_record_mark(target, area, IAP_AREA_HEADER_AT_SEALED)) {',
    replace:
      'if (!iap_record_mark(target, area, IAP_AREA_HEADER_AT_SEALED) ||\n        !program(target, area, header, sizeof header, failed)) {',
    caughtBy: 'core:marks_come_after_what_they_vouch_for',
  },
  {
    id: 'erases the active area',
    requirements: ['B-53'],
    file: `${CORE}iap_record.c`,
    find: 'record->area == iap_record_a(config) ? iap_record_b(config) : iap_record_a(config);',
    replace: 'record->area == iap_record_a(config) ? iap_record_a(config) : iap_record_b(config);',
    caughtBy: 'core:the_active_area_is_never_erased',
  },
  {
    id: 'does not take over the unfinished entry',
    requirements: ['B-53'],
    file: `${CORE}iap_record.c`,
    find: 'for (uint32_t i = 0; i < (unfinished ? 2u : 1u); i++) {',
    replace: 'for (uint32_t i = 0; i < (unfinished ? 1u : 1u); i++) {',
    caughtBy: 'core:live_entries_are_taken_over',
  },
  {
    id: 'an area that reads blank is not erased',
    requirements: ['B-53'],
    file: `${CORE}iap_record.c`,
    find: '        if (!iap_flash_erase_page(target, area + at)) {',
    replace:
      '        if (!iap_all(iap_flash_read(target, area + at), 0xff, target->config->page_size) &&\n            !iap_flash_erase_page(target, area + at)) {',
    caughtBy: 'core:the_active_area_is_never_erased',
  },
  {
    id: 'builds on an entry that may flicker',
    requirements: ['B-54'],
    file: `${CORE}iap_session.c`,
    find: 'iap_record_firm(&update->target, session->slot) &&',
    replace: 'session->slot != 0 &&',
    caughtBy: 'core:touch_firms_what_it_builds_on',
  },
  {
    id: 'never sets TOUCHED',
    requirements: ['B-55'],
    file: `${CORE}iap_session.c`,
    find: 'iap_record_mark(&update->target, session->slot, IAP_RECORD_SLOT_AT_TOUCHED);',
    replace: 'session->slot != 0;',
    caughtBy: 'conformance:update',
  },
  {
    id: 'sets TOUCHED once in an update',
    requirements: ['B-55'],
    file: `${CORE}iap_session.c`,
    find: '    if (!session->touched) {',
    replace:
      '    session->touched = session->touched || update->record.installed.slot == session->slot;\n    if (!session->touched) {',
    caughtBy: 'core:touched_comes_before_the_first_page',
  },
  {
    id: 'sets TOUCHED after the page',
    requirements: ['B-55', 'B-81'],
    file: `${CORE}iap_session.c`,
    find: '    if (!touch(update)) {\n        return (struct iap_page_result){IAP_STATUS_FLASH_FAILED,\n                                        session->slot + IAP_RECORD_SLOT_AT_TOUCHED};\n    }\n    return iap_page_write(&session->page, &update->target, session->trust_blank);',
    replace:
      '    result = iap_page_write(&session->page, &update->target, session->trust_blank);\n    (void)touch(update);\n    return result;',
    caughtBy: 'core:touched_comes_before_the_first_page',
  },
  {
    id: 'programs VALID once',
    requirements: ['B-56'],
    file: `${CORE}iap_record.c`,
    find: '    return iap_record_mark(target, slot, IAP_RECORD_SLOT_AT_VALID) &&\n           iap_record_mark(target, slot, IAP_RECORD_SLOT_AT_VALID) &&',
    replace: '    return iap_record_mark(target, slot, IAP_RECORD_SLOT_AT_VALID) &&',
    caughtBy: 'core:valid_is_programmed_twice_then_sealed',
  },
  {
    id: 'starts a VALID that may flicker',
    requirements: ['B-56'],
    file: `${CORE}iap_session.c`,
    find: '    if (update->check.good && !iap_entry_is(&update->record.installed, IAP_ENTRY_SEALED)) {',
    replace: '    if (update->record.installed.slot == 0) {',
    caughtBy: 'core:valid_without_seal_is_programmed_again',
  },
  {
    id: 'calls a VALID installed that may flicker',
    requirements: ['B-56'],
    file: `${CORE}iap_session.c`,
    find: '    while (to_check(update)) {\n        iap_port_poll(update->target.port);\n        iap_update_check(update);\n    }',
    replace:
      '    while (to_check(update)) {\n        iap_port_poll(update->target.port);\n        iap_check_step(&update->check, &update->target, update->record.installed.header);\n    }',
    caughtBy: 'core:valid_without_seal_is_sealed_before_anybody_relies_on_it',
  },
  {
    id: 'closes the entry before',
    requirements: ['B-57'],
    file: `${CORE}iap_record.c`,
    find: '    *failed = record.area;\n',
    replace:
      '    *failed = record.area;\n    if (record.installed.slot != 0) {\n        (void)iap_record_mark(target, record.installed.slot, IAP_RECORD_SLOT_AT_CLOSED);\n    }\n',
    caughtBy: 'core:older_entries_are_never_written',
  },
  {
    id: 'an unverified image raises the floor',
    requirements: ['B-58'],
    file: `${CORE}iap_session.c`,
    find: 'record->verified.header);',
    replace: 'record->installed.header);',
    caughtBy: 'conformance:rollback',
  },
  {
    id: 'there is no floor',
    requirements: ['B-58', 'B-30'],
    file: `${CORE}iap_image.c`,
    find: '    if (verified != NULL) {',
    replace: '    if (verified == header) {',
    caughtBy: 'conformance:floor',
  },
];
