// Compressed pages: what a host copies from, and what it does when a page is rejected.
import type { Mutant } from '../mutant.js';

export const COMPRESS: readonly Mutant[] = [
  {
    id: 'sends a rejected page compressed again',
    requirements: ['H-44'],
    file: 'host/update/transfer.ts',
    find: 'this.#encoded[index] = rawPage(page);',
    replace: 'this.#failures.add(page.number, Status.PAGE_REJECTED, detail);',
    caughtBy: 'host:it refuses each: the same',
  },
  {
    id: 'goes on copying from what is not there',
    requirements: ['H-44'],
    file: 'host/update/transfer.ts',
    find: 'this.#packer.distrust();',
    replace: '',
    caughtBy: 'host:a dictionary that is not what the host believes: without one from then on',
  },
  {
    id: 'compresses for any device',
    requirements: ['H-45'],
    file: 'host/compress/packer.ts',
    find: 'if (!compression || (info.capabilities & Capability.DEFLATE) === 0) return AS_THEY_ARE;',
    replace: 'if (!compression) return AS_THEY_ARE;',
    caughtBy: 'host:a device without the capability is sent pages as they are',
  },
  {
    id: 'copies from flash that must not be read out',
    requirements: ['H-45'],
    file: 'host/compress/packer.ts',
    find: 'const dictionaries = (info.capabilities & Capability.DICTIONARY) !== 0;',
    replace: 'const dictionaries = Capability.DICTIONARY !== 0;',
    caughtBy: 'host:a device that must not be read out is not copied from',
  },
  {
    id: 'copies from pages as they were before it wrote them',
    requirements: ['H-46'],
    file: 'host/compress/page-encoder.ts',
    find: '    known.set(page.number, padded(page.bytes, known.pageSize));\n',
    replace:
      '    if (!this.#dictionaries) known.set(page.number, padded(page.bytes, known.pageSize));\n',
    caughtBy: 'host:is sent against the old image',
  },
  {
    id: 'copies from old pages that the device has not confirmed',
    requirements: ['H-46'],
    file: 'host/compress/packer.ts',
    find: 'if (bytes.length < pageSize || crc32(bytes) !== found[i]) continue;',
    replace: 'if (bytes.length < pageSize || crc32(bytes) === found[i] + 1) continue;',
    caughtBy: 'host:another old image than the device has makes no difference',
  },
];
