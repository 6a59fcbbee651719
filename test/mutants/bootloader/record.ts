// Areas, entries and states of the boot record.
import type { Mutant } from '../mutant.js';

const CORE = 'core/';

export const RECORD: readonly Mutant[] = [
  {
    id: 'an area counts without SEALED',
    requirements: ['B-50'],
    file: `${CORE}iap_record.c`,
    find: 'iap_get16(area + IAP_AREA_HEADER_AT_SEALED) != IAP_STATE_CLEAR;',
    replace: '(iap_get16(area + IAP_AREA_HEADER_AT_SEALED) != IAP_STATE_CLEAR || area != NULL);',
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
    find: ' ||\n        entry.crc32 != iap_port_crc32(target->port, 0, slot, IAP_RECORD_SLOT_AT_CRC32)) {',
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
    find: '    iap_result result = program(target, slot + IAP_RECORD_SLOT_AT_SEQUENCE, number, sizeof number);\n',
    replace:
      '    iap_result result = iap_record_set(target, slot, IAP_ENTRY_WRITTEN);\n    if (!iap_ok(result)) {\n        return result;\n    }\n    result = program(target, slot + IAP_RECORD_SLOT_AT_SEQUENCE, number, sizeof number);\n',
    caughtBy: 'core:marks_come_after_what_they_vouch_for',
  },
  {
    id: 'an area is sealed before its header is written',
    requirements: ['B-52'],
    file: `${CORE}iap_record.c`,
    find: '    iap_result result = program(target, area, header, sizeof header);\n    if (!iap_ok(result)) {\n        return result;\n    }\n    return set_area_sealed(target, area);\n',
    replace:
      '    iap_result result = set_area_sealed(target, area);\n    if (!iap_ok(result)) {\n        return result;\n    }\n    return program(target, area, header, sizeof header);\n',
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
    find: '        result = iap_flash_erase_page(target, area + at);',
    replace:
      '        if (!iap_all(iap_flash_read(target, area + at), 0xff, target->config->page_size)) {\n            result = iap_flash_erase_page(target, area + at);\n        }',
    caughtBy: 'core:the_active_area_is_never_erased',
  },
  {
    id: 'builds on an entry that may flicker',
    requirements: ['B-54'],
    file: `${CORE}iap_update.c`,
    find: 'iap_result result = iap_record_refresh(&update->target, slot);',
    replace: 'iap_result result = iap_success();',
    caughtBy: 'core:touched_comes_after_sealed_and_written_again',
  },
  {
    id: 'never sets TOUCHED',
    requirements: ['B-55'],
    file: `${CORE}iap_update.c`,
    find: 'return iap_ok(result) ? iap_record_set(&update->target, slot, IAP_ENTRY_TOUCHED) : result;',
    replace: 'return result;',
    caughtBy: 'conformance:update',
  },
  {
    id: 'sets TOUCHED once in an update',
    requirements: ['B-55'],
    file: `${CORE}iap_update.c`,
    find: '    if (session->touched) {',
    replace:
      '    session->touched = session->touched || (session->slot != 0 && update->record.installed.slot == session->slot);\n    if (session->touched) {',
    caughtBy: 'core:touched_comes_before_the_first_page',
  },
  {
    id: 'sets TOUCHED after the page',
    requirements: ['B-55', 'B-81'],
    file: `${CORE}iap_update_data.c`,
    find: "    result = iap_update_set_touched(update);\n    if (!iap_ok(result)) {\n        // DATA's answer knows no failure of the record; its address tells.\n        return iap_failure(IAP_STATUS_FLASH_FAILED, iap_detail_of(result));\n    }\n    return iap_page_write(&session->page, &update->target, session->trust_blank);",
    replace:
      '    result = iap_page_write(&session->page, &update->target, session->trust_blank);\n    (void)iap_update_set_touched(update);\n    return result;',
    caughtBy: 'core:touched_comes_before_the_first_page',
  },
  {
    id: 'programs VALID once',
    requirements: ['B-56'],
    file: `${CORE}iap_record.c`,
    find: '{IAP_ENTRY_VALID, IAP_ENTRY_VALID, IAP_ENTRY_SEALED}',
    replace: '{IAP_ENTRY_VALID, IAP_ENTRY_SEALED}',
    caughtBy: 'core:valid_is_programmed_twice_then_sealed',
  },
  {
    id: 'starts a VALID that may flicker',
    requirements: ['B-56'],
    file: `${CORE}iap_update.c`,
    find: '    if (update->check.good && !iap_entry_is(&update->record.installed, IAP_ENTRY_SEALED)) {',
    replace: '    if (update->record.installed.slot == 0) {',
    caughtBy: 'core:valid_without_seal_is_programmed_again',
  },
  {
    id: 'calls a VALID installed that may flicker',
    requirements: ['B-56'],
    file: `${CORE}iap_update.c`,
    find: '    while (to_check(update)) {\n        iap_port_poll(update->target.port);\n        iap_update_check(update);\n    }',
    replace:
      '    while (to_check(update)) {\n        iap_port_poll(update->target.port);\n        iap_check_step(&update->check, &update->target, update->record.installed.header);\n    }',
    caughtBy: 'core:valid_without_seal_is_sealed_before_anybody_relies_on_it',
  },
  {
    id: 'closes the entry before',
    requirements: ['B-57'],
    file: `${CORE}iap_record.c`,
    find: '    struct iap_record record = iap_record_read(target);\n    if (record.area != 0 &&',
    replace:
      '    struct iap_record record = iap_record_read(target);\n    if (record.installed.slot != 0) {\n        (void)iap_record_set(target, record.installed.slot, IAP_ENTRY_CLOSED);\n    }\n    if (record.area != 0 &&',
    caughtBy: 'core:older_entries_are_never_written',
  },
  {
    id: 'an unverified image raises the floor',
    requirements: ['B-58'],
    file: `${CORE}iap_update_begin.c`,
    find: 'update->record.verified.header);',
    replace: 'update->record.installed.header);',
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
  {
    id: "takes the application's first page for a record area",
    requirements: ['B-50'],
    file: `${CORE}iap_record.c`,
    find: 'at < config->app_base; at += IAP_RECORD_AREA_SIZE',
    replace: 'at <= config->app_base; at += IAP_RECORD_AREA_SIZE',
    caughtBy: 'core:the_application_is_no_area',
  },
];
