// What a host believes: that an image is installed, what a device says of its flash, that an application was started.
import type { Mutant } from '../mutant.js';

export const BELIEF: readonly Mutant[] = [
  {
    id: 'says done at OK, whatever is installed',
    requirements: ['H-38'],
    file: 'host/update/confirm.ts',
    find: 'throw notThisImage();',
    replace: 'return;',
    caughtBy: 'host:after another host has installed another image with as many frames: not done',
  },
  {
    id: 'says done of another device',
    requirements: ['H-38'],
    file: 'host/update/confirm.ts',
    find: 'if (!sameBytes(info.uniqueId, uniqueId)) throw otherDevice();',
    replace: 'if (uniqueId.length === 0) throw otherDevice();',
    caughtBy: 'host:by another device: not done',
  },
  {
    id: 'says done whatever END counts',
    requirements: ['H-38'],
    file: 'host/update/confirm.ts',
    find: 'if (next !== sent) throw',
    replace: 'if (next < 0) throw',
    caughtBy: 'host:with another count of frames: not done',
  },
  {
    id: 'believes any size of page',
    requirements: ['H-39'],
    file: 'host/device/believable.ts',
    find: 'if (!isPage) {',
    replace: 'if (pageSize === 0) {',
    caughtBy: 'host:HELLO says %s',
  },
  {
    id: 'believes any application area',
    requirements: ['H-39'],
    file: 'host/device/believable.ts',
    find: 'if (appEnd < appBase || appEnd > FLASH_END || appEnd % pageSize !== 0) {',
    replace: 'if (appEnd < appBase) {',
    caughtBy: 'host:HELLO says %s',
  },
  {
    id: 'believes any rate, window and payload',
    requirements: ['H-39'],
    file: 'host/device/believable.ts',
    find: '  checkRate(info.defaultRate);\n  if (mode === Mode.BOOTLOADER) checkRoom(info);\n',
    replace: '',
    caughtBy: 'host:HELLO says %s',
  },
  {
    id: 'believes that a device has what was never sent',
    requirements: ['H-39'],
    file: 'host/update/transfer.ts',
    find: 'if (distance(this.#ahead, next) > 0) {',
    replace: 'if (this.#ahead < 0) {',
    caughtBy: 'host:DATA answered with frames that were never sent',
  },
  {
    id: 'goes on whatever BEGIN says',
    requirements: ['H-39', 'H-23'],
    file: 'host/update/begin.ts',
    find: 'if (!BEGINNINGS.has(answer.begun)) throw',
    replace: 'if (answer.begun < 0) throw',
    caughtBy: 'host:BEGIN answered with something that no version knows: not gone on with',
  },
  {
    id: 'calls an application started that its bootloader never starts',
    requirements: ['H-40'],
    file: 'host/update/boot.ts',
    find: 'if (attempt === ATTEMPTS) throw notStarted();',
    replace: 'if (attempt === ATTEMPTS) break;',
    caughtBy:
      'host:BOOT answered by nobody while the bootloader goes on answering: not called started',
  },
];
