// Faults of the inflate that its fuzzer must find. A fault whose stream hardly ever decodes all the same (symbols that there are not,
// bytes written over what is to be read) is left to test/mutants.
import type { Edit } from '../mutants/mutant.js';

export interface BrokenInflate extends Edit {
  /** What is broken; unique */
  readonly id: string;
}

const file = 'core/iap_inflate.c';

export const BROKEN_INFLATES: readonly BrokenInflate[] = [
  {
    id: 'copies from before the dictionary',
    file,
    find: ' || distance > inflate->written + inflate->dictionary_size) {',
    replace: ') {',
  },
  {
    id: 'copies from one byte before the dictionary',
    file,
    find: 'distance > inflate->written + inflate->dictionary_size)',
    replace: 'distance > inflate->written + inflate->dictionary_size + 1)',
  },
  {
    id: 'does not go on from the dictionary to what is decoded',
    file,
    find: 'piece = size < before ? size : before;',
    replace: 'piece = size;',
  },
  {
    id: 'reads behind the stream',
    file,
    find: 'if (inflate->read == inflate->end) {',
    replace: 'if (inflate->read > inflate->end) {',
  },
  {
    id: 'takes what is left over',
    file,
    find: ' && inflate->read == inflate->end;',
    replace: ';',
  },
  {
    id: 'takes too few bytes',
    file,
    find: ' && inflate->written == inflate->size && ',
    replace: ' && ',
  },
  {
    id: 'repeats code lengths beyond their number',
    file,
    find: 'if (count > all - at) {',
    replace: 'if (count > all - at + 1) {',
  },
  {
    id: 'does not look at the complement of a stored length',
    file,
    find: 'if ((size ^ take_bits(inflate, 16)) != 0xffff) {',
    replace: 'if ((size ^ take_bits(inflate, 16)) > 0xffff) {',
  },
  {
    id: 'keeps bits over the beginning of a stored block',
    file,
    find: '    inflate->bit_count = 0;\n    uint32_t size',
    replace: '    uint32_t size',
  },
  {
    id: 'the longest length is one less',
    file,
    find: 'return 258;',
    replace: 'return 257;',
  },
  {
    id: 'a block of the kind that there is not ends the stream',
    file,
    find: '    default:\n        inflate->failed = true;\n    }\n    take_compressed',
    replace: '    default:\n        return;\n    }\n    take_compressed',
  },
];
