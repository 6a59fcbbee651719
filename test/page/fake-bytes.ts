// Blobs, responses and hashes that are there at once: those of the system take their time, for which a test would have to wait.
import { vi } from 'vitest';
import { sha256 } from '../../host/base/sha256.js';

type Part = string | Uint8Array | ArrayBuffer | FakeBlob;

function bytesOf(part: Part): Uint8Array {
  if (typeof part === 'string') return new TextEncoder().encode(part);
  if (part instanceof FakeBlob) return part.bytes;
  return new Uint8Array(part);
}

export class FakeBlob {
  readonly bytes: Uint8Array;
  readonly type: string;

  constructor(parts: readonly Part[], { type = '' }: { readonly type?: string } = {}) {
    this.bytes = Uint8Array.from(parts.flatMap((part) => [...bytesOf(part)]));
    this.type = type;
  }
  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.bytes.slice().buffer as ArrayBuffer;
  }
  async text(): Promise<string> {
    return new TextDecoder().decode(this.bytes);
  }
}

class FakeFile extends FakeBlob {
  readonly name: string;
  constructor(parts: readonly Part[], name: string) {
    super(parts);
    this.name = name;
  }
}

class FakeResponse extends FakeBlob {
  readonly status: number;
  constructor(body: Part, { status = 200 }: { readonly status?: number } = {}) {
    super([body]);
    this.status = status;
  }
  get ok(): boolean {
    return this.status < 300;
  }
}

const real = crypto;

export function startBytes(): void {
  vi.stubGlobal('Blob', FakeBlob);
  vi.stubGlobal('File', FakeFile);
  vi.stubGlobal('Response', FakeResponse);
  vi.stubGlobal('crypto', {
    randomUUID: () => real.randomUUID(),
    subtle: { digest: async (_: string, bytes: Uint8Array) => sha256(bytes) },
  });
}
