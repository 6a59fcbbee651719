// Text as the bytes of a file.
export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

export const latin1 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));
