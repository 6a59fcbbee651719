// What can go wrong in a page: the library's codes, and those of browser, manifest and page. Plain objects, because they travel
// between worker and page.
import { type ErrorDetails, IapError, type IapErrorCode } from '../base/errors.js';

/** Stable, as the library's own are */
export type PageFaultCode =
  | 'NO_WEB_SERIAL'
  | 'INSECURE_PAGE'
  | 'SERIAL_FORBIDDEN'
  | 'NO_PORT_CHOSEN'
  | 'CHOOSE_AGAIN'
  | 'MANIFEST_UNREACHABLE'
  | 'MANIFEST_WRONG'
  | 'MANIFEST_VERSION'
  | 'FIRMWARE_UNREACHABLE'
  | 'FIRMWARE_DIFFERS'
  | 'FIRMWARE_GONE'
  | 'PAGE_INCOMPLETE'
  | 'BUG';

export type FaultCode = IapErrorCode | PageFaultCode;

export interface Fault {
  readonly code: FaultCode;
  /** In English, with names and figures: for the report */
  readonly message: string;
  readonly details: ErrorDetails;
}

/** An error of the page itself */
export class PageError extends Error {
  override readonly name = 'PageError';
  readonly code: PageFaultCode;
  readonly details: ErrorDetails;

  constructor(code: PageFaultCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }
}

export function faultOf(error: unknown): Fault {
  if (error instanceof IapError || error instanceof PageError) {
    const { code, message, details } = error;
    return { code, message, details };
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: 'BUG', message, details: {} };
}
