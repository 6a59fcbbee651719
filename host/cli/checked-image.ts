// Images that go out to devices: read, and held against everything "iap check" knows.
import { errorOf } from '../check/finding.js';
import { type Expected, inspect } from '../check/inspect.js';
import { IapError } from '../errors.js';
import type { Image } from '../image/image.js';
import { loadImage } from '../image/load.js';
import { readWhole } from './files.js';
import { checkBase, type ImageArguments, loadOptions } from './image-file.js';
import type { Output } from './output.js';

/**
 * Warnings are printed.
 * @throws IapError IMAGE_… for the first error
 */
export async function readCheckedImage(
  args: ImageArguments,
  expected: Expected,
  output: Output,
): Promise<Image> {
  const bytes = await readWhole(args.image, 'image', 'IMAGE_UNREADABLE');
  const options = loadOptions(args);
  const { findings } = inspect(bytes, options, expected);
  const [first, ...more] = findings.filter(({ severity }) => severity === 'error');
  if (first) {
    const { code, message, hint = '', details } = errorOf(first);
    const rest = [
      hint,
      ...(code === 'IMAGE_WRONG_ADDRESS' && !expected.area
        ? ['if the applications of your board start elsewhere, name it with --board']
        : []),
      ...(more.length > 0 ? [`"iap check" names ${more.length} more`] : []),
    ];
    throw new IapError(code, message, { hint: rest.join('; '), details });
  }
  for (const { message, hint } of findings) output.warning(`${message}; ${hint}`);
  const image = loadImage(bytes, options);
  checkBase(options, image.base);
  return image;
}
