// What page and worker say to each other.
import type { UpdateEvent, UpdateResult } from '../update/events.js';
import type { DeviceFacts } from './device-facts.js';
import type { Fault } from './fault.js';
import type { Firmware } from './firmware.js';
import type { UpdateManifest } from './manifest.js';
import type { WebPortId } from './ports.js';

export type Place =
  | { readonly kind: 'serial'; readonly port: WebPortId }
  | { readonly kind: 'demo' };

/** Where and how to talk to the device */
export interface LineSettings {
  readonly place: Place;
  /** Of the image that is shown, 64 hex digits: no other one is taken */
  readonly sha256: string;
  /** To find the device at [baud] */
  readonly initialRate: number;
}

export interface UpdateSettings extends LineSettings {
  /** Of the transfer [baud]; missing: as it was found */
  readonly rate?: number | 'auto' | undefined;
  /** Call until a device answers that is being reset */
  readonly wait: boolean;
  /** The only device that is meant, by its unique id in hex digits: the one that is shown, or whose update goes on */
  readonly only?: string | undefined;
}

/** One job at a time; each ends with one answer. `check` tells the firmware that the others are about. */
export type Job =
  | {
      readonly job: 'check';
      /** Its number, which is in the answer: a later load makes an earlier one void */
      readonly load: number;
      readonly file: Uint8Array;
      readonly name: string;
      /** Where a raw binary is linked */
      readonly base?: number | undefined;
      /** What the file must be */
      readonly manifest?: UpdateManifest | undefined;
    }
  | { readonly job: 'demo-firmware'; readonly load: number }
  | ({ readonly job: 'find' } & LineSettings)
  | ({ readonly job: 'update' } & UpdateSettings);

export type ToWorker = Job | { readonly job: 'stop' };

export type FromWorker =
  | {
      readonly answer: 'checked';
      readonly load: number;
      readonly firmware: Firmware;
    }
  /** Whoever is there, and why the firmware is not for it, if it is not. Nothing was changed. */
  | { readonly answer: 'found'; readonly device: DeviceFacts; readonly fault?: Fault | undefined }
  | { readonly answer: 'event'; readonly event: UpdateEvent }
  | { readonly answer: 'device'; readonly device: DeviceFacts }
  | {
      readonly answer: 'done';
      readonly result: Omit<UpdateResult, 'device'>;
      readonly device: DeviceFacts;
    }
  /** @param load of a firmware that could not be loaded */
  | { readonly answer: 'failed'; readonly load?: number | undefined; readonly fault: Fault };
