// The library's public surface. The serial transport is separate, so that a gateway can do without it.

export { type Clock, realClock } from './base/clock.js';
export type { IapErrorOptions } from './base/errors.js';
export {
  type ErrorDetails,
  ExitCode,
  exitCodeOf,
  IapError,
  type IapErrorCode,
} from './base/errors.js';
export { type Procedure, PromisedWork, type Tell, Work, type WorkOptions } from './base/work.js';
export type { Allowable } from './check/allow.js';
export { checkImage, type Target } from './check/check-image.js';
export type { Finding, FindingId, Fixes, Severity } from './check/finding.js';
export { type Expected, type Facts, type Inspection, inspect } from './check/inspect.js';
export type { KitTarget } from './check/kit-facts.js';
export type { DeviceIdentity } from './check/package.js';
export type { ApplicationArea } from './check/place.js';
export type { Trust } from './check/signature.js';
export type { Store } from './check/thumb-cpu.js';
export type { Value } from './check/thumb-value.js';
export type { Compression, Deflate, OldImages } from './compress/deflate.js';
export { type ConnectOptions, connect, waitForApp } from './device/connect.js';
export { Device, type DeviceInfo } from './device/device.js';
export { type LinkOptions, openSession } from './device/open.js';
export {
  ALL_ADDRESSES,
  type Heard,
  type ScanEvent,
  type ScanOptions,
  type ScanResult,
  scan,
} from './device/scan.js';
export type { RegionKind } from './factory/factory.js';
export { type FactoryInput, factoryImage, type Region, recordRegion } from './factory/factory.js';
export {
  buildIdentity,
  type IdentityState,
  readIdentity,
  type UnitIdentity,
} from './factory/identity.js';
export { writeBinary } from './image/binary.js';
export type { Elf, ElfSection, ElfSegment } from './image/elf.js';
export type { FileProblem } from './image/file-error.js';
export { headerFor, type Image } from './image/image.js';
export { writeIntelHex } from './image/intel-hex.js';
export type { ImageFormat } from './image/load.js';
export { type LoadOptions, loadImage } from './image/load.js';
export { type SRecordOptions, writeSRecord } from './image/s-record.js';
export type { Gap, Segment } from './image/segments.js';
export type { KnownRate, RateMemory } from './link/rate-memory.js';
export type { RoundTrips } from './link/round-trips.js';
export type { Outgoing, RequestOptions } from './link/session.js';
export { type LinkStats, Session, type SessionOptions, type TraceEvent } from './link/session.js';
export type { ControlLines, StopOptions, Transport } from './link/transport.js';
export { makePackage, type PackageDescription } from './pack/pack.js';
export type {
  AddressRange,
  /** @deprecated its name is AddressRange */
  AddressRange as Range,
  Board,
  Core,
  Part,
} from './parts/parts.js';
export { type DumpOptions, FlashDump, loadDump } from './record/dump.js';
export { type Places, placesBelow, RECORD_SIZE } from './record/places.js';
export { type BootRecord, readRecord } from './record/record.js';
export type { Area, BrokenSlot, Entry, Mark } from './record/slots.js';
export type { ImageCheck } from './record/start.js';
export { type BootFacts, decideStart, type Start } from './record/start.js';
export {
  isSignedBy,
  type SignatureFacts,
  type SignatureState,
  signatureFacts,
  signedDigest,
  signedPart,
  withSignature,
} from './signing/header.js';
export {
  type BlockKey,
  type BlockKeys,
  buildKeyBlock,
  type KeyBlockState,
  readKeyBlock,
} from './signing/key-block.js';
export { fingerprintOf, type PublicKey, type VerifySignature } from './signing/public-key.js';
export { type DeviceKey, protectionGaps, securityKeys } from './signing/security.js';
export { bootDevice } from './update/boot.js';
export type {
  Emit,
  RateChoice,
  UpdateEvent,
  UpdateResult,
  VerifyResult,
  WarningCode,
} from './update/events.js';
export { type GroupOptions, updateGroup } from './update/group.js';
export type { GroupEvent, GroupResult, MemberResult } from './update/group-events.js';
export type { LatencyCost } from './update/latency-cost.js';
export { type UpdateOptions, update } from './update/update.js';
export { type VerifyOptions, verify } from './update/verify.js';
