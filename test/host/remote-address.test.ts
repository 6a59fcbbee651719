// Names of ports: which are on the network, and what is wrong with the others.
import { describe, expect, test } from 'vitest';
import { isRemote, remoteAddress } from '../../host/node/remote/address.js';

test.each(['/dev/ttyUSB0', 'COM5', '\\\\.\\COM12', '', 'tcp:4000', '/dev/serial/by-id/usb-a:b'])(
  'a serial port: %s',
  (path) => {
    expect(remoteAddress(path)).toBeUndefined();
  },
);

test.each([
  ['tcp://gateway:4000', 'tcp', 'gateway', 4000],
  ['socket://gateway:4000', 'tcp', 'gateway', 4000],
  ['TCP://10.0.0.7:1/', 'tcp', '10.0.0.7', 1],
  ['rfc2217://line-3.example:65535', 'rfc2217', 'line-3.example', 65535],
  ['tcp://[::1]:4000', 'tcp', '::1', 4000],
  ['rfc2217://[fe80::1%eth0]:4001', 'rfc2217', 'fe80::1%eth0', 4001],
])('%s', (path, protocol, host, port) => {
  expect(remoteAddress(path)).toEqual({ protocol, host, port, path });
});

describe('what is wrong is said', () => {
  test.each([
    'tcp://',
    'tcp://gateway',
    'tcp://gateway:',
    'tcp://:4000',
    'tcp://gateway:0',
    'tcp://gateway:65536',
    'tcp://gateway:4000/dev',
    'tcp://me@gateway:4000',
    'tcp://::1:4000',
    'rfc2217://gateway:4000?ign_set_control',
    'telnet://gateway:23',
    'tcp://gate way:4000',
  ])('%s', (path) => {
    expect(() => remoteAddress(path)).toThrow(
      expect.objectContaining({
        code: 'USAGE',
        message: expect.stringContaining(`found: ${path}`),
        hint: expect.stringContaining('tcp://[::1]:4000'),
        details: { path },
      }) as Error,
    );
  });
});

test('what ports on the network begin with is told', () => {
  expect(() => remoteAddress('telnet://gateway:23')).toThrow(
    'ports on the network begin with tcp://, socket://, rfc2217://; found',
  );
});

test.each([
  ['tcp://gateway:4000', true],
  ['odd://', true],
  ['/dev/ttyUSB0', false],
  ['COM5', false],
  [undefined, false],
])('%s is on the network: %s', (path, remote) => {
  expect(isRemote(path)).toBe(remote);
});
