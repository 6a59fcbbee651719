// Records of Intel HEX and S-record files from their digits, with the checksums that they should have.

export function ihex(digits: string): string {
  const sum = Buffer.from(digits, 'hex').reduce((total, byte) => total + byte, 0);
  return `:${digits}${Buffer.of(-sum & 255)
    .toString('hex')
    .toUpperCase()}`;
}

export function srecord(mark: string, digits: string): string {
  const sum = Buffer.from(digits, 'hex').reduce((total, byte) => total + byte, 0);
  return `${mark}${digits}${Buffer.of(~sum & 255)
    .toString('hex')
    .toUpperCase()}`;
}
