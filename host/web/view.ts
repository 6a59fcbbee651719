// What is needed to show the page.
import type { Fault } from './fault.js';
import type { State } from './flow.js';
import type { Texts } from './texts/texts.js';

/** What a button does */
export type Deed =
  | 'choose-file'
  | 'demo-firmware'
  | 'other-firmware'
  | 'reload'
  | 'choose-port'
  | 'all-ports'
  | 'last-port'
  | 'demo-device'
  | 'other-port'
  | 'install'
  | 'wait'
  | 'again'
  | 'stop'
  | 'copy'
  | 'save-text'
  | 'save-json';

export interface View {
  readonly state: State;
  readonly texts: Texts;
  /** As people name languages */
  readonly language: string;
  readonly act: (deed: Deed) => void;
  /** What the port of last time is called */
  readonly knownPort: string | undefined;
  /** Why there are no ports in this browser */
  readonly unable: Fault | undefined;
  readonly manifest: boolean;
  readonly files: boolean;
  readonly demo: boolean;
  /** @param base with the address of a raw binary, which counts when a file is read */
  readonly settings: (base: boolean) => HTMLElement;
}
