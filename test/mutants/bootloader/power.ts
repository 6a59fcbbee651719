// What a power cut meets; and what only the exploration of power cuts sees, or sees from another side.
import type { Mutant } from '../mutant.js';

const CORE = 'core/';

export const POWER: readonly Mutant[] = [
  {
    id: 'BEGIN does not look at the supply',
    requirements: ['B-46'],
    file: `${CORE}iap_commands.c`,
    find: 'return type == IAP_COMMAND_BEGIN || type == IAP_COMMAND_DATA ||',
    replace: 'return type == IAP_COMMAND_DATA ||',
    caughtBy: 'core:low_before_begin_changes_nothing',
  },
  {
    id: 'an erase does not look at the supply',
    requirements: ['B-47'],
    file: `${CORE}iap_flash.c`,
    find: 'if (iap_supply_low(target) || !iap_port_erase_page',
    replace: 'if (!iap_port_erase_page',
    caughtBy: 'core:sinks_in_an_update',
  },
  {
    id: 'deaf with an unfinished image',
    requirements: ['B-80'],
    file: `${CORE}iap.c`,
    find: '    receive(iap);\n    watch_rate(iap);',
    replace:
      '    if (iap->stay != IAP_STAY_IN_PROGRESS) {\n        receive(iap);\n    }\n    watch_rate(iap);',
    caughtBy: 'conformance:power-cut',
  },
  {
    id: 'a slot that does not take its entry ends it',
    requirements: ['B-82'],
    file: `${CORE}iap_record.c`,
    find: '    iap_result result = rotate(target, &record);',
    replace:
      '    if (record.area != 0) {\n        return iap_failure(IAP_STATUS_RECORD_FAILED, record.area);\n    }\n    iap_result result = rotate(target, &record);',
    caughtBy: 'conformance:power-cut',
  },
  {
    id: 'VALID is set with TOUCHED',
    requirements: ['B-81', 'B-39'],
    file: `${CORE}iap_update.c`,
    find: '        result = touch_entry(update);\n    }\n    iap_update_read_record',
    replace:
      '        result = touch_entry(update);\n        (void)iap_record_set_valid(&update->target, session->slot);\n    }\n    iap_update_read_record',
    caughtBy: 'explore:unverified-start',
    explore: ['--uncut', '1', '--scenario', 'same'],
  },
  {
    id: 'TOUCHED is set after the first page',
    requirements: ['B-55', 'B-81'],
    file: `${CORE}iap_update_data.c`,
    find: "    result = iap_update_set_touched(update);\n    if (!iap_ok(result)) {\n        // DATA's answer knows no failure of the record; its address tells.\n        return iap_failure(IAP_STATUS_FLASH_FAILED, iap_detail_of(result));\n    }\n    return iap_page_write(&session->page, &update->target, session->trust_blank);",
    replace:
      '    result = iap_page_write(&session->page, &update->target, session->trust_blank);\n    (void)iap_update_set_touched(update);\n    return result;',
    caughtBy: 'explore:unverified-start',
    explore: ['--uncut', '1', '--scenario', 'same'],
  },
  {
    id: 'a full area is erased before its entries are copied',
    requirements: ['B-53', 'B-82'],
    file: `${CORE}iap_record.c`,
    find: '    iap_result result = erase_area(target, area);',
    replace:
      '    if (record->area != 0) {\n        (void)erase_area(target, record->area);\n    }\n    iap_result result = erase_area(target, area);',
    caughtBy: 'explore:failed-recovery',
    explore: ['--full', '--seeds', '1', '--scenario', 'rotate-ab'],
  },
  {
    id: 'a page is erased without being invalidated first',
    requirements: ['B-45'],
    file: `${CORE}iap_page.c`,
    find: '    if (erase && !blank) {',
    replace: '    if (erase && blank) {',
    caughtBy: 'core:a_page_is_invalidated_before_it_is_erased',
  },
  {
    id: 'a page is invalidated by what it lacks',
    requirements: ['B-45'],
    file: `${CORE}iap_page.c`,
    find: '            if (iap_get16(target->config->page_buffer + at) != 0) {',
    replace: '            if (at < size) {',
    caughtBy: 'core:a_page_is_not_invalidated_by_what_it_lacks',
  },
  {
    id: 'a page that reads blank is never erased',
    requirements: ['B-43'],
    file: `${CORE}iap_update_begin.c`,
    find: '.trust_blank = update->record.installed.slot == 0,',
    replace: '.trust_blank = true,',
    caughtBy: 'explore:flapping',
    explore: ['--uncut', '60', '--scenario', 'other'],
  },
  {
    id: 'a stuck button parks the product',
    requirements: ['B-64'],
    file: `${CORE}iap.c`,
    find: 'if (passed(iap, iap->frame_ms, config->idle_ms)) {',
    replace:
      'if (passed(iap, iap->frame_ms, config->idle_ms) && iap->held_by != IAP_STAY_BUTTON) {',
    caughtBy: 'core:a_stuck_button_does_not_park_the_product',
  },
  {
    id: 'takes any glitch for the button',
    requirements: ['B-64'],
    file: `${CORE}iap.c`,
    find: 'passed(iap, iap->button_ms, BUTTON_MS)',
    replace: 'passed(iap, iap->button_ms, 0)',
    caughtBy: 'core:a_short_press_is_no_press',
  },
  {
    id: 'used-up trials have no end',
    requirements: ['B-68'],
    file: `${CORE}iap_boot.c`,
    find: 'if (facts->trials_used && !facts->stayed) {',
    replace: 'if (facts->trials_used) {',
    caughtBy: 'explore:trials-used',
  },
  {
    id: 'a new area is sealed before the live entries are copied',
    requirements: ['B-53'],
    file: `${CORE}iap_record.c`,
    find: '    result = copy_live_entries(target, record, area);\n    if (!iap_ok(result)) {\n        return result;\n    }\n    result = write_area_header(target, area, record->generation + 1);\n',
    replace:
      '    result = write_area_header(target, area, record->generation + 1);\n    if (!iap_ok(result)) {\n        return result;\n    }\n    result = copy_live_entries(target, record, area);\n',
    caughtBy: 'explore:lost-entry',
    explore: ['--uncut', '1', '--scenario', 'rotate-ab'],
  },
  {
    id: 'VALID counts as set in every entry',
    requirements: ['B-61'],
    file: `${CORE}iap_record.c`,
    find: 'state == IAP_ENTRY_VALID ? value == IAP_STATE_SET : value != IAP_STATE_CLEAR;',
    replace: 'state == IAP_ENTRY_VALID || value != IAP_STATE_CLEAR;',
    caughtBy: 'explore:wrong-hash',
  },
  {
    id: 'VALID that may flicker is relied on as it is',
    requirements: ['B-56'],
    file: `${CORE}iap_update.c`,
    find: '        (void)iap_record_set_valid(&update->target, update->record.installed.slot);\n        iap_update_read_record(update);\n',
    replace: '',
    caughtBy: 'explore:doubtful-valid',
  },
  {
    id: 'END does not feed the watchdog while it verifies',
    requirements: ['B-70'],
    file: `${CORE}iap_update_end.c`,
    find: '        iap_port_poll(update->target.port);\n        verify_block(update);',
    replace: '        verify_block(update);',
    caughtBy: 'core:end_polls_while_it_verifies',
  },
];
