// Firmware, a device, a fault and a page, with all that can be told of them.
import type { DeviceFacts } from '../../host/web/device-facts.js';
import { h } from '../../host/web/dom.js';
import type { Fault } from '../../host/web/fault.js';
import type { Firmware } from '../../host/web/firmware.js';
import { type Result, START, type State } from '../../host/web/flow.js';
import type { View } from '../../host/web/view.js';
import { NAMES } from './named-texts.js';

export const firmware: Firmware = {
  file: 'pump.iap',
  format: 'package',
  size: 5000,
  sha256: 'ab'.repeat(32),
  facts: {
    product: 'PUMP-2',
    version: '1.4.0',
    hardware: [1, 3],
    signature: { algorithm: 'ECDSA_P256', keyId: 2, value: '5a'.repeat(64) },
  },
  name: { en: 'Pump', zh: '水泵' },
  notes: { en: 'Quieter', zh: '更安静' },
  warnings: [{ id: 'size', message: 'nearly full' }],
};

/** It says nothing of itself. */
export const plain: Firmware = {
  file: 'app.bin',
  format: 'binary',
  size: 3000,
  sha256: 'cd'.repeat(32),
  warnings: [],
};

/** In its bootloader */
export const device: DeviceFacts = {
  part: 'stm32f103xb',
  product: 'PUMP-2',
  hardware: 1,
  serial: 'SN1',
  uniqueId: '01'.repeat(12),
  running: 'bootloader',
  stay: 'ASKED',
  bootloader: '0.3.1',
  installed: { version: '1.3.0', size: 4000, sha256: 'ef'.repeat(32), complete: true },
};

/** Its application does not know of which product it is. */
export const untold: DeviceFacts = {
  part: 'stm32f103xb',
  hardware: 0,
  serial: 'SN1',
  uniqueId: '01'.repeat(12),
  running: 'application',
  stay: 'NONE',
};

export const fault: Fault = {
  code: 'LINK_LOST',
  message: 'nobody answers',
  details: { resumable: true, rate: 9600 },
};

export const result: Result = {
  changed: true,
  boot: 'started',
  bytes: 5000,
  pagesTotal: 3,
  pagesSent: 3,
  bytesSent: 4900,
  bytesEncoded: 4900,
  seconds: 61.4,
  rate: 115200,
  allowed: [],
};

export function viewOf(state: Partial<State>, more: Partial<View> = {}): View {
  return {
    state: { ...START, ...state },
    texts: NAMES,
    language: 'zh',
    act: () => {},
    knownPort: 'FTDI',
    unable: undefined,
    manifest: true,
    files: true,
    demo: true,
    settings: (base) => h('fieldset', { 'data-base': base }),
    ...more,
  };
}
