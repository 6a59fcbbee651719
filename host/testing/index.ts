// For tests of programs that use the library: a device, its line and a clock that need no hardware and no waiting.
export { FakeDevice, type FakeDeviceOptions, type Hook } from './fake-device.js';
export { type Entry, FakeFlash } from './fake-flash.js';
export type { Rule } from './fake-line.js';
export { FakeLine, type Faults, type HalfDuplex, type LineEnd } from './fake-line.js';
export { VirtualClock } from './virtual-clock.js';
export { WireChecker } from './wire-checker.js';
