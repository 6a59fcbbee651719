// A run of the conformance checks, stopped: at once, whatever it waits for, and the device is left as it says.
import { describe, expect, test } from 'vitest';
import type { Power } from '../../host/conformance/power.js';
import { type ConformOptions, conform } from '../../host/conformance/run.js';
import { FakeDevice } from '../../host/testing/fake-device.js';
import { FakeLine } from '../../host/testing/fake-line.js';
import { stoppedAt } from '../support/stopped.js';
import { TickClock } from '../support/tick-clock.js';

class Place {
  readonly clock = new TickClock();
  readonly line = new FakeLine(this.clock, 115_200);
  readonly device = new FakeDevice(this.clock, this.line, { pageSize: 256, pages: 64 });
  /** What the switch was told */
  readonly switched: string[] = [];
  /** [ms] */
  switchMs = 50;
  readonly power: Power = {
    off: async () => {
      this.switched.push('off');
      await this.clock.pass(this.switchMs);
      this.device.alive = false;
    },
    on: async () => {
      this.switched.push('on');
      await this.clock.pass(this.switchMs);
      this.device.alive = true;
      this.device.reset();
    },
  };

  conform(signal: AbortSignal, options: Partial<ConformOptions> = {}): ReturnType<typeof conform> {
    return conform(this.line, { clock: this.clock, address: 0, signal, ...options });
  }
}

describe('stopped', () => {
  test.each(['trials', 'idle', 'baud-returns', 'noise', 'update'])('in %s', async (id) => {
    for (let moment = 1; ; moment += 7) {
      const place = new Place();
      const stopped = await stoppedAt(moment, place.clock, place.line, (signal) =>
        place.conform(signal, { only: [id] }),
      );
      if (!stopped) {
        expect(moment).toBeGreaterThan(50);
        return;
      }
      const begun = place.device.log.includes('BEGIN');
      const { message, details } = stopped.error;
      if (begun) expect(message).toContain('the application of the device may be overwritten');
      expect(details).toMatchObject({ resumable: false });
      expect(place.line.rate).toBe(115_200);
    }
  });

  test('while power is off: it is switched on again, and said so', async () => {
    const seen = new Set<string>();
    for (let tick = 1; ; tick += 3) {
      const place = new Place();
      const { clock, line, power } = place;
      const stop = new AbortController();
      const work = conform(line, {
        clock,
        address: 0,
        power,
        only: ['power-cut'],
        signal: stop.signal,
      });
      let at: number | undefined;
      clock.at(tick, () => {
        at = clock.now();
        stop.abort();
      });
      const error: unknown = await work.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (at === undefined || error === undefined) break;
      // It waits for the switch, and for nothing else.
      expect(clock.now() - at).toBeLessThanOrEqual(2 * place.switchMs);
      expect(error).toMatchObject({ code: 'INTERRUPTED' });
      expect(place.switched.at(-1) ?? 'on').toBe('on');
      expect(place.device.alive).toBe(true);
      const cut = place.switched.includes('off');
      const { message } = error as Error;
      if (message.includes('its power is on again')) expect(cut).toBe(true);
      seen.add(message);
    }
    expect([...seen].some((message) => message.endsWith('its power is on again'))).toBe(true);
  });

  test('a switch that fails then: its power may be off', async () => {
    const place = new Place();
    const { clock, line } = place;
    const stop = new AbortController();
    const power: Power = {
      off: async () => {
        clock.at(clock.ticks + 1, () => stop.abort());
        await clock.pass(50);
      },
      on: () => Promise.reject(new Error('no such switch')),
    };
    await expect(
      conform(line, { clock, address: 0, power, only: ['power-cut'], signal: stop.signal }),
    ).rejects.toMatchObject({ message: expect.stringMatching(/its power may be off$/) });
  });

  test('before anything was begun: nothing was written', async () => {
    const place = new Place();
    place.device.alive = false;
    const work = conform(place.line, { clock: place.clock, address: 0 });
    await place.clock.pass(1000);
    await work.return();
    await expect(work.result).rejects.toMatchObject({
      message: 'interrupted after 0 checks; nothing was written to the device',
    });
  });

  test('its events', async () => {
    const { line, clock } = new Place();
    const names: string[] = [];
    const work = conform(line, { clock, address: 0, only: ['noise', 'silent'] });
    for await (const event of work) names.push(event.event === 'check' ? event.result.id : 'found');
    expect(names).toEqual(['found', 'noise', 'silent']);
    expect((await work.result).results.map(({ id }) => id)).toEqual(['noise', 'silent']);
  });
});
