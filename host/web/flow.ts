// What the page is at, and what follows on what: pure, so that every way through it can be tested. The element shows the state and
// does the effects.
import type { UpdateEvent, UpdateResult } from '../update/events.js';
import type { DeviceFacts } from './device-facts.js';
import type { Fault } from './fault.js';
import type { Firmware } from './firmware.js';
import type { WebPortId } from './ports.js';

/** What was chosen to talk to */
export type Port =
  | { readonly kind: 'demo' }
  | {
      readonly kind: 'serial';
      readonly id: WebPortId;
      /** Missing: the browser tells nothing of it */
      readonly name?: string | undefined;
    };

export interface Progress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Bytes a second */
  readonly rate: number;
  readonly secondsLeft: number;
}

/** What of an update is being done */
export type Phase = 'connecting' | 'waiting' | 'comparing' | 'sending' | 'verifying' | 'starting';

export type Step =
  /** The manifest, its file, or a file that was chosen is on its way or being judged */
  | { readonly at: 'loading' }
  | { readonly at: 'firmware'; readonly fault?: Fault }
  | { readonly at: 'port'; readonly fault?: Fault }
  | { readonly at: 'finding' }
  /** A device answers; with a fault, the firmware is not for it */
  | { readonly at: 'found'; readonly device: DeviceFacts; readonly fault?: Fault }
  | {
      readonly at: 'updating';
      readonly phase: Phase;
      readonly progress?: Progress;
      /** It was begun before, here or elsewhere, and goes on */
      readonly resumed: boolean;
      /** The device is looked for again */
      readonly again?: boolean;
      /** The browser says that the adapter is gone; the update may not have noticed yet */
      readonly pulled?: boolean;
    }
  /** The port went away in mid-update, and is waited for */
  | { readonly at: 'lost'; readonly fault: Fault }
  | { readonly at: 'done'; readonly result: Result }
  /** Nobody answered, or the update ended early */
  | { readonly at: 'failed'; readonly fault: Fault; readonly stage: 'find' | 'update' };

export type Result = Omit<UpdateResult, 'device'>;

export interface State {
  readonly step: Step;
  readonly firmware?: Firmware | undefined;
  readonly port?: Port | undefined;
  readonly device?: DeviceFacts | undefined;
  /** An update of this device is begun and not finished: another one is left as it is */
  readonly only?: string | undefined;
  /** What is told of the update, for the report */
  readonly warnings: readonly string[];
}

export type Action =
  /** The page before this one was closed in an update */
  | { readonly do: 'interrupted'; readonly port: Port; readonly only: string }
  /** @param demo made-up firmware: what was begun with a real device has nothing to do with it */
  | { readonly do: 'load'; readonly demo?: boolean }
  | { readonly do: 'loaded'; readonly firmware: Firmware }
  | { readonly do: 'not-loaded'; readonly fault: Fault }
  | { readonly do: 'other-firmware' }
  | { readonly do: 'choose-port'; readonly port: Port }
  | { readonly do: 'no-port'; readonly fault: Fault }
  | { readonly do: 'other-port' }
  | { readonly do: 'found'; readonly device: DeviceFacts; readonly fault?: Fault | undefined }
  | { readonly do: 'install'; readonly wait?: boolean }
  | { readonly do: 'device'; readonly device: DeviceFacts }
  | { readonly do: 'event'; readonly event: UpdateEvent }
  | { readonly do: 'installed'; readonly result: Result; readonly device: DeviceFacts }
  | { readonly do: 'failed'; readonly fault: Fault }
  | { readonly do: 'unplugged' }
  | { readonly do: 'plugged-in'; readonly port: Port }
  | { readonly do: 'stop' };

export type Effect =
  | { readonly effect: 'find' }
  | {
      readonly effect: 'update';
      readonly wait: boolean;
      /** The device that is shown, or whose update goes on */
      readonly only?: string | undefined;
    }
  | { readonly effect: 'stop' }
  /** What is needed to go on after the page was closed */
  | { readonly effect: 'remember' }
  | { readonly effect: 'forget' };

export interface Next {
  readonly state: State;
  readonly effects: readonly Effect[];
}

export const START: State = { step: { at: 'loading' }, warnings: [] };

/** What an action makes of a state; one that does not fit the state changes nothing. */
export function next(state: State, action: Action): Next {
  const { step } = state;
  switch (action.do) {
    case 'interrupted':
      if (step.at !== 'loading') return same(state);
      return { state: { ...state, port: action.port, only: action.only }, effects: [] };
    case 'load': {
      if (isBusy(state)) return same(state);
      // Only where there was no firmware for it does an interrupted update go on with another file.
      const goesOn = step.at === 'loading' || step.at === 'firmware';
      if (goesOn && !action.demo) return to(state, { at: 'loading' });
      const port = action.demo ? undefined : state.port;
      return to(begun({ ...state, only: undefined, port }), { at: 'loading' }, FORGET);
    }
    case 'loaded': {
      if (step.at !== 'loading') return same(state);
      const loaded = { ...state, firmware: action.firmware };
      return state.only === undefined
        ? to(loaded, { at: 'port' })
        : to(loaded, { at: 'lost', fault: CLOSED });
    }
    case 'not-loaded':
      if (step.at !== 'loading') return same(state);
      return to({ ...state, firmware: undefined }, { at: 'firmware', fault: action.fault });
    case 'other-firmware':
      if (isBusy(state)) return same(state);
      return to(begun({ ...state, only: undefined }), { at: 'firmware' }, FORGET);
    case 'choose-port':
      if (!isReady(state) || misfits(state, action.port)) return same(state);
      // An update that was interrupted goes on; whether it is that device, is for the update to see.
      if (state.only !== undefined) return update({ ...state, port: action.port }, false, true);
      return to({ ...begun(state), port: action.port, device: undefined }, { at: 'finding' }, [
        { effect: 'find' },
      ]);
    case 'no-port':
      if (step.at === 'lost') return to(state, { at: 'lost', fault: action.fault });
      return isBusy(state) ? same(state) : to(state, { at: 'port', fault: action.fault });
    case 'other-port':
      if (!isReady(state)) return same(state);
      return to({ ...begun(state), only: undefined, device: undefined }, { at: 'port' }, FORGET);
    case 'found':
      if (step.at !== 'finding') return same(state);
      return to(
        { ...state, device: action.device },
        { at: 'found', device: action.device, ...(action.fault ? { fault: action.fault } : {}) },
      );
    case 'install':
      if (!state.port || !isReady(state)) return same(state);
      return update(begun(state), action.wait ?? false, state.only !== undefined);
    case 'device':
      if (step.at !== 'updating') return same(state);
      return {
        state: { ...state, device: action.device, only: action.device.uniqueId },
        effects: [{ effect: 'remember' }],
      };
    case 'event':
      return step.at === 'updating' ? told(state, step, action.event) : same(state);
    case 'installed':
      if (step.at !== 'updating') return same(state);
      return to(
        { ...state, device: action.device, only: undefined },
        { at: 'done', result: action.result },
        FORGET,
      );
    case 'failed':
      return failed(state, action.fault);
    case 'unplugged':
      if (state.port?.kind !== 'serial') return same(state);
      // Whoever is there next may be another device.
      if (step.at === 'found') return to({ ...state, device: undefined }, { at: 'port' });
      return step.at === 'updating'
        ? to(state, { ...step, pulled: true }, [{ effect: 'stop' }])
        : same(state);
    case 'plugged-in':
      if (step.at !== 'lost' || misfits(state, action.port)) return same(state);
      return update({ ...state, port: action.port }, false, true);
    case 'stop':
      if (step.at === 'lost') {
        return to(state, { at: 'failed', fault: step.fault, stage: 'update' });
      }
      return isBusy(state) ? { state, effects: [{ effect: 'stop' }] } : same(state);
  }
}

const CLOSED: Fault = {
  code: 'INTERRUPTED',
  message: 'the page was closed in mid-update',
  details: { resumable: true },
};

const FORGET: readonly Effect[] = [{ effect: 'forget' }];

/** Whether a job runs that leaving the page, or another choice, would interrupt */
export function isBusy({ step }: State): boolean {
  return step.at === 'updating' || step.at === 'finding' || step.at === 'lost';
}

/** Whether there is firmware, and nothing else goes on with it */
function isReady(state: State): boolean {
  return state.firmware !== undefined && state.step.at !== 'loading' && !isBusy(state);
}

/** Made-up firmware is for the made-up device. */
function misfits({ firmware }: State, port: Port): boolean {
  return firmware?.demo === true && port.kind === 'serial';
}

/** Whether leaving the page leaves a device without a whole application, perhaps */
export function isRisky({ step }: State): boolean {
  return step.at === 'updating' || step.at === 'lost';
}

function same(state: State): Next {
  return { state, effects: [] };
}

function to(state: State, step: Step, effects: readonly Effect[] = []): Next {
  return { state: { ...state, step }, effects };
}

/** Without what was told of the update before */
function begun(state: State): State {
  return { ...state, warnings: [] };
}

function update(state: State, wait: boolean, resumed: boolean): Next {
  const phase = wait ? 'waiting' : 'connecting';
  const only = state.only ?? state.device?.uniqueId;
  return to(state, { at: 'updating', phase, resumed }, [{ effect: 'update', wait, only }]);
}

function failed(state: State, fault: Fault): Next {
  const { step } = state;
  if (step.at === 'finding') {
    if (fault.code === 'INTERRUPTED') return to(state, { at: 'port' });
    return to(state, { at: 'failed', fault, stage: 'find' });
  }
  if (step.at !== 'updating') return same(state);
  const resumable = state.only !== undefined;
  if (resumable && (fault.code === 'PORT_LOST' || step.pulled)) {
    return to(state, { at: 'lost', fault: { ...fault, code: 'PORT_LOST' } });
  }
  // Of an update that wrote nothing there is nothing to go on with.
  if (fault.details.resumable !== true && !step.resumed) {
    return to({ ...state, only: undefined }, { at: 'failed', fault, stage: 'update' }, FORGET);
  }
  return to(state, { at: 'failed', fault, stage: 'update' });
}

function told(state: State, step: Extract<Step, { at: 'updating' }>, event: UpdateEvent): Next {
  const set = (changed: Partial<typeof step>): Next => {
    const { again: _, ...rest } = step;
    return to(state, { ...rest, ...changed });
  };
  switch (event.event) {
    case 'comparing':
      return set({ phase: 'comparing' });
    case 'plan':
      return set({
        phase: 'sending',
        resumed: step.resumed || event.resumed,
        progress: { bytesDone: 0, bytesTotal: event.bytesToSend, rate: 0, secondsLeft: 0 },
      });
    case 'progress': {
      const { bytesDone, bytesTotal, rate, secondsLeft } = event;
      return set({ phase: 'sending', progress: { bytesDone, bytesTotal, rate, secondsLeft } });
    }
    case 'verifying':
      return set({ phase: 'verifying' });
    case 'booting':
      return set({ phase: 'starting' });
    case 'reconnecting':
      return set({ again: true });
    case 'warning':
      return same({ ...state, warnings: [...state.warnings, event.message] });
    default:
      return same(state);
  }
}
