// An update's events, as they are told.
import { latencyRemedy } from '../node/latency-timer.js';
import { isRemote } from '../node/remote/address.js';
import type { UpdateEvent } from '../update/events.js';
import { deviceJson, deviceLine, notNowText } from './describe.js';
import type { Output } from './output.js';

/** @param port its path: what helps against a slow adapter is the system's to say */
export async function tellUpdate(
  output: Output,
  event: UpdateEvent,
  port: string | undefined,
): Promise<void> {
  if (event.event === 'latency') await tellLatency(output, event, port ?? '');
  else tell(output, event);
}

async function tellLatency(
  output: Output,
  { heldMs, costMs }: Extract<UpdateEvent, { event: 'latency' }>,
  port: string,
): Promise<void> {
  const remote = isRemote(port);
  const remedy = remote ? undefined : await latencyRemedy(port);
  output.event('latency', { heldMs, costMs, ...(remedy === undefined ? {} : { remedy }) });
  const what = remote ? 'an answer takes' : 'your adapter holds bytes for';
  const cost = `${what} about ${heldMs} ms${remote ? ' over the network' : ''}, which cost ${(costMs / 1000).toFixed(1)} s`;
  output.line(remedy === undefined ? cost : `${cost}; ${remedy}`);
}

function tell(output: Output, event: UpdateEvent): void {
  const { event: name, ...values } = event;
  output.event(name, 'device' in event ? { device: deviceJson(event.device) } : values);
  switch (event.event) {
    case 'found':
      output.line(deviceLine(event.device));
      break;
    case 'entering':
      output.line('asking the application to enter the bootloader');
      break;
    case 'not-now':
      output.line(notNowText(event.detail));
      break;
    case 'plan':
      output.line(planText(event));
      break;
    case 'progress':
      output.progress(event);
      break;
    case 'rate':
      output.line(rateText(event));
      break;
    case 'unchanged':
      output.line('this image is installed already: nothing to do');
      break;
    case 'app':
      output.line('the application answers');
      break;
    case 'reconnecting':
      output.warn(`${event.reason}; looking for it again`);
      break;
    case 'warning':
      output.warn(event.message);
      break;
  }
}

function rateText({ rate, chosen, failed }: Extract<UpdateEvent, { event: 'rate' }>): string {
  const worse = failed === undefined ? '' : `; ${failed} does not hold`;
  switch (chosen) {
    case 'fastest':
      return `now at ${rate} baud, the fastest that holds${worse}`;
    case 'remembered':
      return `now at ${rate} baud, as last time with this adapter${worse}`;
    case 'lowered':
      return `now at ${rate} baud: too many errors at ${failed}`;
    case 'little':
      return `stays at ${rate} baud: too little to send to try faster ones`;
    case 'only':
      return `stays at ${rate} baud: this device has no other`;
    case 'fixed':
      return `stays at ${rate} baud: this port can not change the rate of its line, or not fast enough`;
    default:
      return `now at ${rate} baud`;
  }
}

function planText(plan: Extract<UpdateEvent, { event: 'plan' }>): string {
  const { pagesTotal, pagesToSend, bytesToSend, resumed } = plan;
  const what = `${pagesToSend} of ${pagesTotal} pages to send, ${bytesToSend} bytes`;
  return resumed ? `${what} (going on with an update begun before)` : what;
}
