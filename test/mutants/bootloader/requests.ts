// HELLO, BAUD and PAGES.
import type { Mutant } from '../mutant.js';

const CORE = 'core/';

export const REQUESTS: readonly Mutant[] = [
  {
    id: 'HELLO is not answered in an update',
    requirements: ['B-20'],
    file: `${CORE}iap_commands.c`,
    find: '    const struct iap_hello hello = {',
    replace:
      '    if (iap->update.session.active) {\n        return 0;\n    }\n    const struct iap_hello hello = {',
    caughtBy: 'conformance:hello',
  },
  {
    id: 'HELLO is answered late',
    requirements: ['B-20'],
    file: `${CORE}iap_commands.c`,
    find: '    const struct iap_hello hello = {',
    replace:
      '    const struct iap_port *port = iap->update.target.port;\n    uint32_t begin = iap_port_now_ms(port);\n    while (iap_port_now_ms(port) - begin < 120) {\n        iap_port_poll(port);\n    }\n    const struct iap_hello hello = {',
    caughtBy: 'conformance:hello',
  },
  {
    id: 'HELLO without HOLD counts as a frame',
    requirements: ['B-21'],
    file: `${CORE}iap.c`,
    find: 'if (frame->type != IAP_COMMAND_HELLO || iap_hello_holds(frame)) {',
    replace: 'if (frame->size < IAP_MAX_PAYLOAD) {',
    caughtBy: 'conformance:hello-does-not-hold',
  },
  {
    id: 'HELLO without HOLD holds',
    requirements: ['B-21'],
    file: `${CORE}iap_commands.c`,
    find: 'if (iap_hello_holds(request) && iap->held_by == IAP_STAY_NONE) {',
    replace: 'if (request->size > 0 && iap->held_by == IAP_STAY_NONE) {',
    caughtBy: 'core:only_hold_keeps_the_bootloader',
  },
  {
    id: 'pending is the installed image',
    requirements: ['B-22'],
    file: `${CORE}iap_hello.c`,
    find: '&hello->record->pending, 0);',
    replace: '&hello->record->installed, 0);',
    caughtBy: 'conformance:update',
  },
  {
    id: 'makes any rate',
    requirements: ['B-23'],
    file: `${CORE}iap_commands.c`,
    find: 'if (rate == 0 || rate > max_rate) {',
    replace: 'if (rate == 0) {',
    caughtBy: 'conformance:baud-refused',
  },
  {
    id: 'makes rates that are off',
    requirements: ['B-23'],
    file: `${CORE}iap_commands.c`,
    find: 'if (error > rate / RATE_ERROR_SHARE) {',
    replace: 'if (error > 5 * rate / RATE_ERROR_SHARE) {',
    caughtBy: 'core:rates_that_are_off_are_refused',
  },
  {
    id: 'does not return from BAUD',
    requirements: ['B-24'],
    file: `${CORE}iap.c`,
    find: 'if (iap->rate != default_rate &&\n        passed(',
    replace: 'if (iap->rate != default_rate && iap->rate == 1 &&\n        passed(',
    caughtBy: 'conformance:baud-returns',
  },
  {
    id: 'needs no proof of the rate',
    requirements: ['B-24'],
    file: `${CORE}iap.c`,
    find: 'iap->rate_proven ? IAP_RATE_IDLE_MS : IAP_RATE_PROOF_MS)',
    replace: 'IAP_RATE_IDLE_MS)',
    caughtBy: 'conformance:baud-returns',
  },
  {
    id: 'forgets the update with the rate',
    requirements: ['B-24'],
    file: `${CORE}iap.c`,
    find: '        iap->rate = default_rate;\n',
    replace:
      '        iap->rate = default_rate;\n        iap->update.session = (struct iap_session){0};\n',
    caughtBy: 'conformance:baud-returns',
  },
  {
    id: 'PAGES beyond the application',
    requirements: ['B-25'],
    file: `${CORE}iap_commands.c`,
    find: 'if (asked.count == 0 || asked.count > all - asked.first ||',
    replace: 'if (asked.count == 0 ||',
    caughtBy: 'conformance:pages-range',
  },
  {
    id: 'PAGES behind the image',
    requirements: ['B-25'],
    file: `${CORE}iap_commands.c`,
    find: '    return (iap_header_image_size(header) + config->page_size - 1) / config->page_size;',
    replace: '    return (config->app_end - config->app_base) / config->page_size;',
    caughtBy: 'conformance:pages-range',
  },
  {
    id: 'PAGES without any image',
    requirements: ['B-25'],
    file: `${CORE}iap_commands.c`,
    find: '    if (header == NULL || !iap_header_fits(config, header)) {\n        return 0;',
    replace:
      '    if (header == NULL || !iap_header_fits(config, header)) {\n        return (config->app_end - config->app_base) / config->page_size;',
    caughtBy: 'core:pages_stay_inside_the_image',
  },
  {
    id: 'PAGES answers for the first page only',
    requirements: ['B-26'],
    file: `${CORE}iap_commands.c`,
    find: 'config->app_base + (asked.first + i) * config->page_size);',
    replace: 'config->app_base + asked.first * config->page_size);',
    caughtBy: 'conformance:update',
  },
];
