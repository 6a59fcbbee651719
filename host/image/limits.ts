// Bounds for files, so that a hostile one can not take all memory.

/** More flash than any part has [bytes] */
export const LARGEST_IMAGE = 4 * 1024 * 1024;
/** An ELF file with debug information is many times its image [bytes]. */
export const LARGEST_FILE = 256 * 1024 * 1024;
/** All records of a text file: an image of the largest size with what stands around its data, and more besides [bytes] */
export const LARGEST_TEXT = 2 * LARGEST_IMAGE;
