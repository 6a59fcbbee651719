// Errors in English: what happened, and what to do, for somebody who is not the developer of the device.
import type { Texts } from './texts.js';

const ASK_MAKER = 'Get the right file from the manufacturer of the device.';
const DEVELOPER =
  'This is for the developer of the firmware: “iap check” says where the mistake is.';

export const errors: Texts['errors'] = {
  USAGE: {
    cause: 'A setting does not fit.',
    remedy: 'Put the settings back to how they were, and try again.',
  },
  PORT_NOT_GIVEN: {
    cause: 'No port is chosen.',
    remedy: 'Choose the port that the device is connected to.',
  },
  IMAGE_UNREADABLE: {
    cause: 'The file could not be read.',
    remedy: 'Check that it is still there, copy it to this computer, and choose it again.',
  },
  IMAGE_FORMAT: {
    cause: 'The file is no firmware, or it is damaged.',
    remedy:
      'Choose an .iap, .hex, .srec, .bin or .elf file. If it is one, download or copy it again: it may have been cut off.',
  },
  IMAGE_EMPTY: {
    cause: 'There is no firmware in the file.',
    remedy: 'Choose another file, or download it again.',
  },
  IMAGE_TOO_LARGE: {
    cause: 'The firmware is too large for this device.',
    remedy: `It is probably for another model. ${ASK_MAKER}`,
  },
  IMAGE_WRONG_ADDRESS: {
    cause: 'The firmware is made for another place in memory than this device has for it.',
    remedy: `It is for another model, or for use without the bootloader. ${ASK_MAKER}`,
  },
  IMAGE_VECTORS: {
    cause: 'The firmware could not start: its first bytes are no table of vectors for this chip.',
    remedy: `Check that it is the right file. ${DEVELOPER}`,
  },
  IMAGE_WRONG_PRODUCT: {
    cause: 'The firmware is for another product.',
    remedy: `Compare the names of both. ${ASK_MAKER}`,
  },
  IMAGE_WRONG_HARDWARE: {
    cause: 'The firmware is for another board or hardware revision than that of this device.',
    remedy: `Look for the revision on the device's label. ${ASK_MAKER}`,
  },
  IMAGE_WRONG_DEVICE: {
    cause: 'The firmware was made for one single device, and this is another.',
    remedy:
      'Connect the device that it was made for, or ask the manufacturer for one for this device.',
  },
  IMAGE_NOT_CAPABLE: {
    cause: "The firmware needs something that this device's bootloader can not do.",
    remedy: 'Ask the manufacturer for firmware that fits the age of this device.',
  },
  IMAGE_PACKAGE_ONLY: {
    cause: 'This device takes only packages (.iap) that are made for its product.',
    remedy: 'Choose the .iap package instead of the plain file.',
  },
  IMAGE_ROLLBACK: {
    cause: 'The firmware is older than this device accepts.',
    remedy: 'Take a newer one: for its security the device never goes back.',
  },
  IMAGE_SIGNATURE: {
    cause: 'The firmware is not signed as this device wants it.',
    remedy: `It may be changed, unfinished or for another device. ${ASK_MAKER}`,
  },
  CHECK_FAILED: {
    cause: 'The file has a mistake.',
    remedy: DEVELOPER,
  },
  PORT_NOT_FOUND: {
    cause: 'The port is not there.',
    remedy: 'Plug the adapter in, wait a moment, and choose the port again.',
  },
  PORT_PERMISSION: {
    cause: 'This computer does not let the browser use the port.',
    remedy:
      'On Linux: run “sudo usermod -aG dialout $USER”, then log in again. A Chromium of snap: run “sudo snap connect chromium:raw-usb”, or use another build.',
  },
  PORT_BUSY: {
    cause: 'The port could not be opened. Usually another program or another tab has it.',
    remedy:
      'Close terminal programs, other updaters and other tabs with this page, then try again. On Linux it may be a missing permission: run “sudo usermod -aG dialout $USER” and log in again. On Windows it may be the driver of the adapter: install it from its maker, then plug the adapter in again.',
  },
  PORT_FAILED: {
    cause: 'The serial adapter reported an error.',
    remedy:
      "Unplug the adapter and plug it in again. If a faster rate was set, go back to the device's own. Then try again.",
  },
  PORT_LOST: {
    cause: 'The adapter was unplugged, or lost its connection.',
    remedy: 'Plug it in again. The update goes on where it stopped.',
  },
  PORT_STALLED: {
    cause: 'The adapter takes no more data.',
    remedy: 'Unplug it, plug it in again, and try again: the update goes on where it stopped.',
  },
  NO_ANSWER: {
    cause: 'No device answers.',
    remedy:
      'Is the device on, the right port chosen, TX to RX and RX to TX, GND connected? Then switch the device off and on, or let this page wait for its reset.',
  },
  NOT_OUR_DEVICE: {
    cause: 'Something answers, but not in the language of this updater.',
    remedy:
      'Check that the right port is chosen. A device whose program talks by itself, or whose BOOT0 is at 1, answers like that: set BOOT0 to 0, and let this page wait for a reset.',
  },
  ECHO: {
    cause: 'Only what is sent comes back.',
    remedy:
      'TX and RX are connected with each other, or the device is off. Check the wires and the supply.',
  },
  PROTOCOL_VERSION: {
    cause: 'The device speaks another version of the protocol.',
    remedy:
      'Open the page of the manufacturer for this device again; reload it, if it is an old one.',
  },
  BAD_ANSWER: {
    cause: 'The device answered something that makes no sense.',
    remedy:
      'Switch the device off and on and try again. If it stays so, send the report to the manufacturer.',
  },
  LINK_LOST: {
    cause: 'The device stopped answering.',
    remedy: 'Check its supply and the cable, then try again: the update goes on where it stopped.',
  },
  OTHER_DEVICE: {
    cause:
      'This is another device than the one that was shown, or whose update was interrupted. It was left as it is.',
    remedy: 'Connect the first device again, or choose the port anew to update this one.',
  },
  ENTER_FAILED: {
    cause: 'The running program did not make way for the update.',
    remedy: 'Let this page wait for a reset, and switch the device off and on.',
  },
  APP_SILENT: {
    cause: 'The firmware is installed and verified, but the device did not start it.',
    remedy: 'Switch the device off and on.',
  },
  REFUSED: {
    cause: 'The device refuses this firmware or this step.',
    remedy:
      'The technical details say why. If they do not help, send the report to the manufacturer.',
  },
  READ_PROTECTED: {
    cause: 'The chip is protected against reading.',
    remedy: 'Ask the manufacturer: taking the protection away erases the device.',
  },
  WRITE_PROTECTED: {
    cause: 'A part of the memory is protected against writing.',
    remedy: 'Ask the manufacturer: a programmer or “iap isp unprotect” takes the protection away.',
  },
  PAGE_FAILED: {
    cause: "A page of the device's memory can not be written.",
    remedy:
      'Check the supply of the device and try again. If it fails at the same place, the memory is worn out.',
  },
  VERIFY_FAILED: {
    cause: 'What is in the memory of the device is not what was sent.',
    remedy:
      'Try again: only what is wrong is sent. If it fails again, the memory or the supply is bad.',
  },
  IMAGE_DIFFERS: {
    cause: 'The device has other firmware than this.',
    remedy: 'Update it.',
  },
  BOARD_MISSING: {
    cause: 'The virtual board is not installed.',
    remedy: 'Use a real device, or the demo device of this page.',
  },
  BOOTLOADER_WRONG: {
    cause: 'The bootloader file is not one for this chip.',
    remedy: ASK_MAKER,
  },
  DESCRIPTION_WRONG: {
    cause: 'A description of the firmware has a mistake.',
    remedy: 'Send the report to whoever made this page.',
  },
  FILE_UNREADABLE: {
    cause: 'A file could not be read.',
    remedy: 'Check that it is still there, and choose it again.',
  },
  FILE_UNWRITABLE: {
    cause: 'A file could not be written.',
    remedy: 'Choose another folder, or make room on the disk.',
  },
  KEY_WRONG: {
    cause: 'A key does not fit.',
    remedy: 'Ask the manufacturer.',
  },
  SIGNER_FAILED: {
    cause: 'The firmware could not be signed.',
    remedy: 'Ask the manufacturer.',
  },
  SIGNATURE_WRONG: {
    cause: 'The signature of the firmware is wrong.',
    remedy: `The file was changed after it was signed. ${ASK_MAKER}`,
  },
  NOT_SECURE: {
    cause: 'The device is not protected as it should be.',
    remedy: 'Ask the manufacturer.',
  },
  SEVERAL_DEVICES: {
    cause: 'More than one device answers on this line. None of them was changed.',
    remedy: 'Connect the device that is meant alone.',
  },
  DEVICES_DIFFER: {
    cause: 'These devices are not alike and can not take one firmware together.',
    remedy: 'Update those that are alike together, or each by itself.',
  },
  INTERRUPTED: {
    cause: 'The update was stopped.',
    remedy: 'Start it again when you are ready: it goes on where it stopped.',
  },

  NO_WEB_SERIAL: {
    cause: 'This browser can not use serial ports.',
    remedy:
      'Open this page in Chrome, Edge or Firefox on a computer, in a version of this year. Safari, and browsers on iPhone and iPad, can not.',
  },
  INSECURE_PAGE: {
    cause: 'Browsers let only secure pages use serial ports, and this address is not secure.',
    remedy: 'Open it with https:// in front, or from this computer as http://localhost.',
  },
  SERIAL_FORBIDDEN: {
    cause: 'The browser does not allow this page to use serial ports.',
    remedy:
      'Click the symbol left of the address and allow serial ports, or ask who manages this computer. In a frame of another page, open this page by itself.',
  },
  NO_PORT_CHOSEN: {
    cause: 'No port was chosen.',
    remedy:
      'Nothing in the list? Use a cable that carries data, plug the adapter in anew, and install its driver (Windows: from the maker of the adapter, such as FTDI, CH340 or CP210x). On Linux you may need the group dialout; a Chromium of snap shows no ports until “sudo snap connect chromium:raw-usb”.',
  },
  CHOOSE_AGAIN: {
    cause: 'The adapter is back, but has no serial number, so the browser does not know it again.',
    remedy: 'Choose the port again. The update goes on where it stopped.',
  },
  MANIFEST_UNREACHABLE: {
    cause: 'The list of firmware could not be loaded.',
    remedy: 'Check the network and reload the page, or choose a file from this computer.',
  },
  MANIFEST_WRONG: {
    cause: 'The list of firmware on the server has a mistake.',
    remedy: 'Tell whoever runs this page. You can choose a file from this computer instead.',
  },
  MANIFEST_VERSION: {
    cause: 'The list of firmware is for a newer version of this page.',
    remedy: 'Reload the page, so that the browser takes the new version.',
  },
  FIRMWARE_UNREACHABLE: {
    cause: 'The firmware could not be loaded from the server.',
    remedy: 'Check the network and reload the page, or choose a file from this computer.',
  },
  FIRMWARE_DIFFERS: {
    cause: 'The firmware that came is not the one that was announced. It is not used.',
    remedy:
      'Reload the page. If it stays so, tell whoever runs this page: the file or the list on the server is wrong.',
  },
  FIRMWARE_GONE: {
    cause: 'The firmware of the interrupted update is not in the browser any more.',
    remedy: 'Choose the same file again: the update goes on where it stopped.',
  },
  PAGE_INCOMPLETE: {
    cause: 'A part of this page could not be loaded.',
    remedy: 'Reload the page.',
  },
  BUG: {
    cause: 'Something unexpected happened in this page.',
    remedy:
      'Reload the page and try again. If it stays so, send the report to whoever runs this page.',
  },
};

export const refused: Texts['refused'] = {
  NOT_NOW: 'The device is busy and does not want to be updated at this moment. Try again later.',
  WRONG_PRODUCT: 'The device says that the firmware is for another product.',
  WRONG_HARDWARE: 'The device says that the firmware is not for its hardware revision.',
  WRONG_DEVICE: 'The device says that the firmware is made for another single device.',
  WRONG_ADDRESS: 'The device says that the firmware is made for another place in memory.',
  WRONG_SIZE: 'The device says that the firmware is empty or too large.',
  ROLLBACK: 'The firmware is older than this device accepts: it never goes back.',
  NOT_CAPABLE: "The firmware needs something that this device's bootloader can not do.",
  BAD_SIGNATURE: 'The device does not accept the signature of the firmware.',
  PACKAGE_ONLY: 'The device takes only packages (.iap) that are made for its product.',
  RECORD_FAILED:
    'The device can not keep account of updates any more: its memory is worn out there, or protected.',
  SUPPLY_LOW:
    'The supply of the device is too low to write its memory. Charge or change the battery; nothing is lost.',
  NOT_BOOTABLE: 'There is no complete firmware on the device that could be started.',
  RATE_UNAVAILABLE: "The device can not do this rate. Choose a lower one, or the device's own.",
};
