// Any pieces of an image.
import fc from 'fast-check';
import type { Segment } from '../../host/image/segments.js';

/** Segments that do not overlap, in any order, near what is special: 64 KB blocks and the ends of the address space */
export const segmentSets = (start: fc.Arbitrary<number>): fc.Arbitrary<Segment[]> =>
  fc
    .tuple(
      start,
      fc.array(
        fc.tuple(
          fc.oneof(fc.constant(0), fc.nat(40), fc.nat(0x2_0000)),
          fc.uint8Array({ minLength: 1, maxLength: 90 }),
        ),
        { minLength: 1, maxLength: 6 },
      ),
      fc.infiniteStream(fc.boolean()),
    )
    .map(([at, pieces, flips]) => {
      const segments: Segment[] = [];
      let address = at;
      for (const [gap, bytes] of pieces) {
        address += gap;
        const segment = { address, bytes };
        if (flips.next().value) segments.push(segment);
        else segments.unshift(segment);
        address += bytes.length;
      }
      return segments;
    });
