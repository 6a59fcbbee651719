// All that the page says, as a type: a language that lacks something does not compile.
import type { FaultCode } from '../fault.js';
import type { Phase } from '../flow.js';
import type { Refused } from '../refused.js';

export type Language = 'en' | 'zh';

export interface ErrorText {
  /** What happened, for somebody who has the device in the hand */
  readonly cause: string;
  /** What to do next */
  readonly remedy: string;
}

export interface Texts {
  /** As HTML has it */
  readonly lang: string;
  /** What the language calls itself */
  readonly ownName: string;
  readonly title: string;
  readonly language: string;
  readonly steps: { readonly firmware: string; readonly device: string; readonly update: string };
  /** State of a step, for those who do not see it */
  readonly stepStates: { readonly done: string; readonly now: string; readonly later: string };

  readonly loading: string;
  readonly chooseFirmware: string;
  readonly dropHere: string;
  readonly chooseFile: string;
  readonly otherFile: string;
  /** Back to what the manifest has */
  readonly offeredFile: string;
  readonly fileKinds: string;
  readonly demoFirmware: string;
  readonly product: string;
  readonly anyProduct: string;
  readonly version: string;
  readonly hardware: string;
  readonly anyHardware: string;
  readonly hardwareRange: (first: number, last: number) => string;
  readonly file: string;
  readonly size: string;
  readonly bytes: (count: number) => string;
  readonly hash: string;
  readonly signature: string;
  readonly signedBy: (keyId: number) => string;
  readonly unsigned: string;
  readonly plainImage: string;
  readonly notes: string;
  readonly warnings: string;

  readonly connect: string;
  readonly connectHow: string;
  readonly choosePort: string;
  readonly lastPort: (name: string) => string;
  readonly unnamedPort: string;
  readonly allPorts: string;
  readonly otherPort: string;
  readonly demoDevice: string;
  readonly demoNotice: string;
  readonly settings: string;
  readonly initialRate: string;
  readonly transferRate: string;
  readonly sameRate: string;
  readonly fastestRate: string;
  readonly rawBase: string;
  readonly finding: string;
  readonly cancel: string;

  readonly foundTitle: string;
  readonly fits: string;
  /** The device does not say for which product it takes firmware. */
  readonly fitsUntold: string;
  readonly refusedTitle: string;
  readonly part: string;
  readonly serial: string;
  readonly uniqueId: string;
  readonly installed: string;
  readonly nothingInstalled: string;
  readonly incomplete: string;
  readonly sameInstalled: string;
  readonly running: string;
  readonly application: string;
  readonly bootloader: (version: string) => string;
  readonly install: string;

  readonly updating: string;
  readonly resuming: string;
  readonly phases: Readonly<Record<Phase, string>>;
  readonly lookingAgain: string;
  readonly keepPlugged: string;
  readonly progress: (percent: number, done: string, total: string) => string;
  readonly rateAndTime: (rate: string, left: string) => string;
  readonly seconds: (seconds: number) => string;
  readonly stop: string;

  readonly lostTitle: string;
  readonly lostHow: string;
  readonly lostChoose: string;
  readonly chooseAgain: string;
  readonly giveUp: string;
  readonly goOn: string;
  readonly forget: string;

  readonly doneTitle: string;
  readonly doneSame: string;
  readonly started: string;
  readonly startUnconfirmed: string;
  readonly notStarted: string;
  readonly doneFacts: (bytes: string, seconds: string) => string;
  readonly another: string;

  readonly failedTitle: string;
  /** Nobody could be asked yet */
  readonly unreachableTitle: string;
  readonly nothingChanged: string;
  readonly canGoOn: string;
  readonly whatToDo: string;
  readonly again: string;
  readonly waitForReset: string;
  readonly waitForResetHow: string;
  readonly technical: string;

  readonly byHand: string;
  readonly byHandSteps: readonly string[];
  readonly blankDevice: string;
  readonly bootPicture: string;

  readonly report: string;
  readonly copy: string;
  readonly copied: string;
  readonly saveText: string;
  readonly saveJson: string;

  readonly errors: Readonly<Record<FaultCode, ErrorText>>;
  /** What a device says to REFUSED, in place of that error's cause */
  readonly refused: Readonly<Record<Refused, string>>;
}
