// What BEGIN takes, refuses and resumes.
import type { Mutant } from '../mutant.js';

const CORE = 'core/';

export const BEGIN: readonly Mutant[] = [
  {
    id: 'takes images for another address',
    requirements: ['B-30'],
    file: `${CORE}iap_image.c`,
    find: 'if (iap_get32(header + IAP_HEADER_AT_LOAD_ADDRESS) != config->app_base) {',
    replace: 'if (iap_get32(header + IAP_HEADER_AT_LOAD_ADDRESS) == 0) {',
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
    find: '    if (iap_get32(header + IAP_HEADER_AT_LOAD_ADDRESS) != config->app_base) {',
    replace:
      '    if (iap_get32(header + IAP_HEADER_AT_IMAGE_SIZE) < SMALLEST_IMAGE ||\n        iap_get32(header + IAP_HEADER_AT_IMAGE_SIZE) > config->app_end - config->app_base) {\n        return refuse(IAP_STATUS_WRONG_SIZE, config->app_end - config->app_base);\n    }\n    if (iap_get32(header + IAP_HEADER_AT_LOAD_ADDRESS) != config->app_base) {',
    caughtBy: 'conformance:begin-refused',
  },
  {
    id: 'a refused BEGIN ends the session',
    requirements: ['B-30'],
    file: `${CORE}iap_session.c`,
    find: '    if (verdict.status != IAP_STATUS_OK) {\n        return iap_refuse',
    replace:
      '    if (verdict.status != IAP_STATUS_OK) {\n        *session = (struct iap_session){0};\n        return iap_refuse',
    caughtBy: 'conformance:begin-refused',
  },
  {
    id: 'BEGIN starts a running session anew',
    requirements: ['B-31'],
    file: `${CORE}iap_session.c`,
    find: 'if (session->active && iap_equal(session->header, header, IAP_HEADER_SIZE)) {',
    replace: 'if (session->active && header == NULL) {',
    caughtBy: 'conformance:begin-resumes',
  },
  {
    id: 'BEGIN does not know its pending entry',
    requirements: ['B-31'],
    file: `${CORE}iap_session.c`,
    find: 'same_image(&record->pending, header) ? &record->pending : NULL;',
    replace: 'same_image(&record->pending, header) && renew ? &record->pending : NULL;',
    caughtBy: 'core:begin_again_costs_no_write',
  },
  {
    id: 'BEGIN forgets an update with pages once another was begun',
    requirements: ['B-31'],
    file: `${CORE}iap_session.c`,
    find: 'if (open == NULL && installed && !valid) {',
    replace: 'if (open == NULL && installed && !valid && record->pending.slot == 0) {',
    caughtBy: 'conformance:begin-resumes',
  },
  {
    id: 'installs the installed image again',
    requirements: ['B-32'],
    file: `${CORE}iap_session.c`,
    find: 'if (installed && valid && !renew) {',
    replace: 'if (installed && valid && !renew && header == NULL) {',
    caughtBy: 'conformance:same-image',
  },
  {
    id: 'ignores RENEW',
    requirements: ['B-32'],
    file: `${CORE}iap_session.c`,
    find: 'if (installed && valid && !renew) {',
    replace: 'if (installed && valid && (renew || !renew)) {',
    caughtBy: 'conformance:same-image',
  },
];
