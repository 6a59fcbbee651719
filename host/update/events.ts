// What an update tells while it goes on.
import type { IapError } from '../base/errors.js';
import type { FindingId } from '../check/finding.js';
import type { DeviceInfo } from '../device/device.js';
import type { LatencyCost } from './latency-cost.js';

export type UpdateEvent =
  | { readonly event: 'found'; readonly device: DeviceInfo }
  /** The running application is asked to enter the bootloader */
  | { readonly event: 'entering'; readonly device: DeviceInfo }
  /** It does not want to be left now, for a reason of its own (0: none), and is asked again */
  | { readonly event: 'not-now'; readonly detail: number }
  | { readonly event: 'comparing'; readonly pages: number }
  | {
      readonly event: 'plan';
      readonly pagesTotal: number;
      readonly pagesToSend: number;
      readonly bytesToSend: number;
      /** An update that was begun before goes on */
      readonly resumed: boolean;
    }
  | {
      readonly event: 'progress';
      readonly bytesDone: number;
      readonly bytesTotal: number;
      /** Bytes in flash a second */
      readonly rate: number;
      readonly secondsLeft: number;
    }
  | { readonly event: 'verifying' }
  /** The image is in flash and verified */
  | { readonly event: 'installed' }
  /** This image was installed already */
  | { readonly event: 'unchanged' }
  | {
      readonly event: 'rate';
      readonly rate: number;
      /** With rate `auto` */
      readonly chosen?: RateChoice;
      /** The lowest that did not hold [baud] */
      readonly failed?: number;
    }
  | { readonly event: 'booting' }
  | { readonly event: 'booted'; readonly answered: boolean }
  | { readonly event: 'app'; readonly device: DeviceInfo }
  /** At the end: answers came so late, at such a cost, that it is worth to look at the adapter */
  | ({ readonly event: 'latency' } & LatencyCost)
  /** The device is looked for again, after a reset or a broken line */
  | { readonly event: 'reconnecting'; readonly reason: string }
  | {
      readonly event: 'warning';
      readonly code: WarningCode;
      readonly message: string;
      /** With code IMAGE: what "iap check" calls it */
      readonly finding?: FindingId;
      /** An error that was allowed */
      readonly allowed?: boolean;
    };

/**
 * Why this rate: the fastest that was tried and holds; the same as last time; errors had risen at a faster one; there is too little
 * to send to try others; the device has no other; the port can not change it.
 */
export type RateChoice = 'fastest' | 'remembered' | 'lowered' | 'little' | 'only' | 'fixed';

export type WarningCode = 'RATE' | 'VERIFY_AGAIN' | 'BOOT_UNCONFIRMED' | 'IMAGE' | 'SUPPLY_LOW';

export interface UpdateResult {
  readonly device: DeviceInfo;
  /** False: the image was installed already, and nothing was written */
  readonly changed: boolean;
  /** Whether the application was started; unconfirmed: BOOT was not answered, and nobody is there any more */
  readonly boot: 'started' | 'unconfirmed' | 'no';
  readonly bytes: number;
  readonly pagesTotal: number;
  /** Pages that were sent in this run, repeats after a reset included */
  readonly pagesSent: number;
  readonly bytesSent: number;
  /** What these bytes were sent as: fewer, where pages were compressed */
  readonly bytesEncoded: number;
  readonly seconds: number;
  /** Of the transfer at its end [baud] */
  readonly rate: number;
  /** Errors of the image that were allowed */
  readonly allowed: readonly FindingId[];
}

export interface VerifyResult {
  readonly device: DeviceInfo;
  readonly same: boolean;
  readonly pagesTotal: number;
  /** Numbers of the pages that differ, 0 at APP_BASE */
  readonly differing: readonly number[];
}

export type Emit = (event: UpdateEvent) => void;

/** For callers that only want to know why */
export type Failure = IapError;
