// 错误说明：原因与处理方法，面向现场人员而不是开发者。
import type { Texts } from './texts.js';

const ASK_MAKER = '请向设备厂商索取正确的文件。';
const DEVELOPER = '请固件开发者用 “iap check” 查看具体错误。';

export const errors: Texts['errors'] = {
  USAGE: { cause: '某项设置不合适。', remedy: '请恢复默认设置后重试。' },
  PORT_NOT_GIVEN: { cause: '尚未选择串口。', remedy: '请选择连接设备的串口。' },
  IMAGE_UNREADABLE: {
    cause: '无法读取文件。',
    remedy: '请确认文件仍然存在，将其复制到本机后重新选择。',
  },
  IMAGE_FORMAT: {
    cause: '文件不是固件，或已损坏。',
    remedy:
      '请选择 .iap、.hex、.srec、.bin 或 .elf 文件。如果格式无误，请重新下载或复制：文件可能不完整。',
  },
  IMAGE_EMPTY: { cause: '文件中没有固件。', remedy: '请选择其他文件，或重新下载。' },
  IMAGE_TOO_LARGE: {
    cause: '固件太大，此设备放不下。',
    remedy: `它可能适用于其他型号。${ASK_MAKER}`,
  },
  IMAGE_WRONG_ADDRESS: {
    cause: '固件的起始地址与此设备的应用程序区不符。',
    remedy: `它适用于其他型号，或用于没有引导程序的设备。${ASK_MAKER}`,
  },
  IMAGE_VECTORS: {
    cause: '固件无法启动：文件开头不是此芯片的向量表。',
    remedy: `请确认文件是否正确。${DEVELOPER}`,
  },
  IMAGE_WRONG_PRODUCT: {
    cause: '此固件适用于其他产品。',
    remedy: `请核对两者的产品名称。${ASK_MAKER}`,
  },
  IMAGE_WRONG_HARDWARE: {
    cause: '此固件适用于其他电路板或硬件版本，与该设备不符。',
    remedy: `请查看设备标签上的硬件版本。${ASK_MAKER}`,
  },
  IMAGE_WRONG_DEVICE: {
    cause: '此固件专用于某一台设备，而不是这一台。',
    remedy: '请连接对应的设备，或向厂商索取适用于本设备的固件。',
  },
  IMAGE_NOT_CAPABLE: {
    cause: '此固件所需的功能，设备的引导程序不具备。',
    remedy: '请向厂商索取适用于此批次设备的固件。',
  },
  IMAGE_PACKAGE_ONLY: {
    cause: '此设备只接受为本产品制作的升级包（.iap）。',
    remedy: '请选择 .iap 升级包，而不是普通固件文件。',
  },
  IMAGE_ROLLBACK: {
    cause: '此固件版本过旧，设备不接受。',
    remedy: '请使用更新的固件：为了安全，设备不允许降级。',
  },
  IMAGE_SIGNATURE: {
    cause: '固件的签名不符合此设备的要求。',
    remedy: `固件可能被修改、尚未签名，或适用于其他设备。${ASK_MAKER}`,
  },
  CHECK_FAILED: { cause: '文件有错误。', remedy: DEVELOPER },
  PORT_NOT_FOUND: {
    cause: '找不到串口。',
    remedy: '请插好适配器，稍等片刻后重新选择串口。',
  },
  PORT_PERMISSION: {
    cause: '此电脑不允许浏览器使用该串口。',
    remedy:
      'Linux：运行 “sudo usermod -aG dialout $USER”，然后重新登录。snap 版 Chromium：运行 “sudo snap connect chromium:raw-usb”，或改用其他版本。',
  },
  PORT_BUSY: {
    cause: '无法打开串口，通常是被其他程序或其他标签页占用。',
    remedy:
      '请关闭串口终端、其他升级工具以及打开本页面的其他标签页，然后重试。Linux 上也可能是权限不足：运行 “sudo usermod -aG dialout $USER” 后重新登录。Windows 上也可能是适配器驱动的问题：请安装适配器厂商的驱动程序，然后重新插入适配器。',
  },
  PORT_FAILED: {
    cause: '串口适配器报告错误。',
    remedy: '请拔下适配器再重新插入。如果设置了更高的速率，请恢复为设备默认。然后重试。',
  },
  PORT_LOST: {
    cause: '适配器被拔出，或连接中断。',
    remedy: '请重新插好适配器，升级会从中断处继续。',
  },
  PORT_STALLED: {
    cause: '适配器不再接收数据。',
    remedy: '请拔下适配器再重新插入，然后重试：升级会从中断处继续。',
  },
  NO_ANSWER: {
    cause: '没有设备应答。',
    remedy:
      '请检查：设备是否通电，串口是否选对，TX 与 RX 是否交叉连接，GND 是否接好。然后将设备断电后重新上电，或让本页面等待设备复位。',
  },
  NOT_OUR_DEVICE: {
    cause: '有应答，但不是本升级协议的内容。',
    remedy:
      '请确认串口是否选对。如果设备的程序会主动发送数据，或 BOOT0 为 1，就会出现这种情况：请将 BOOT0 置 0，并让本页面等待设备复位。',
  },
  ECHO: {
    cause: '只收到了自己发送的数据。',
    remedy: 'TX 与 RX 短接，或设备未通电。请检查接线和电源。',
  },
  PROTOCOL_VERSION: {
    cause: '设备使用的协议版本不同。',
    remedy: '请重新打开厂商为此设备提供的页面；如果页面是旧版本，请刷新。',
  },
  BAD_ANSWER: {
    cause: '设备的应答不合理。',
    remedy: '请将设备断电后重新上电再试。如果仍然如此，请将报告发给厂商。',
  },
  LINK_LOST: {
    cause: '设备停止应答。',
    remedy: '请检查设备电源和连接线，然后重试：升级会从中断处继续。',
  },
  OTHER_DEVICE: {
    cause: '这不是页面上显示的设备，也不是上次中断升级的那台设备。本设备没有任何改变。',
    remedy: '请重新连接原来的设备，或重新选择串口以升级本设备。',
  },
  ENTER_FAILED: {
    cause: '正在运行的程序没有让出控制权。',
    remedy: '请让本页面等待设备复位，然后将设备断电后重新上电。',
  },
  APP_SILENT: {
    cause: '固件已安装并通过校验，但设备没有启动它。',
    remedy: '请将设备断电后重新上电。',
  },
  REFUSED: {
    cause: '设备拒绝了此固件或此操作。',
    remedy: '原因见技术信息。如果无法解决，请将报告发给厂商。',
  },
  READ_PROTECTED: {
    cause: '芯片已启用读保护。',
    remedy: '请咨询厂商：解除读保护会清空设备。',
  },
  WRITE_PROTECTED: {
    cause: '部分存储器已启用写保护。',
    remedy: '请咨询厂商：可用烧录器或 “iap isp unprotect” 解除写保护。',
  },
  PAGE_FAILED: {
    cause: '设备存储器的某一页无法写入。',
    remedy: '请检查设备电源后重试。如果总在同一位置失败，说明存储器已损坏。',
  },
  VERIFY_FAILED: {
    cause: '设备存储器中的内容与发送的内容不一致。',
    remedy: '请重试：只会发送有误的部分。如果再次失败，说明存储器或电源有问题。',
  },
  IMAGE_DIFFERS: { cause: '设备中的固件与此固件不同。', remedy: '请升级设备。' },
  BOARD_MISSING: { cause: '未安装虚拟电路板。', remedy: '请使用真实设备，或本页面的演示设备。' },
  BOOTLOADER_WRONG: { cause: '引导程序文件不适用于此芯片。', remedy: ASK_MAKER },
  DESCRIPTION_WRONG: { cause: '固件的描述文件有错误。', remedy: '请将报告发给本页面的提供者。' },
  FILE_UNREADABLE: { cause: '无法读取文件。', remedy: '请确认文件仍然存在，然后重新选择。' },
  FILE_UNWRITABLE: { cause: '无法写入文件。', remedy: '请选择其他文件夹，或清理磁盘空间。' },
  KEY_WRONG: { cause: '密钥不匹配。', remedy: '请咨询厂商。' },
  SIGNER_FAILED: { cause: '固件签名失败。', remedy: '请咨询厂商。' },
  SIGNATURE_WRONG: {
    cause: '固件的签名错误。',
    remedy: `文件在签名后被修改过。${ASK_MAKER}`,
  },
  NOT_SECURE: { cause: '设备的安全保护不完整。', remedy: '请咨询厂商。' },
  SEVERAL_DEVICES: {
    cause: '这条线路上有多台设备应答。所有设备都没有任何改变。',
    remedy: '请只连接要升级的那一台设备。',
  },
  DEVICES_DIFFER: {
    cause: '这些设备不相同，不能一起安装同一个固件。',
    remedy: '请把相同的设备一起升级，或逐台升级。',
  },
  INTERRUPTED: {
    cause: '升级已停止。',
    remedy: '准备好后请重新开始：升级会从中断处继续。',
  },

  NO_WEB_SERIAL: {
    cause: '此浏览器不能使用串口。',
    remedy:
      '请在电脑上用 Chrome、Edge 或 Firefox 的最新版本打开本页面。Safari 以及 iPhone、iPad 上的浏览器不支持。',
  },
  INSECURE_PAGE: {
    cause: '浏览器只允许安全的页面使用串口，而此地址不安全。',
    remedy: '请用 https:// 开头的地址打开，或在本机用 http://localhost 打开。',
  },
  SERIAL_FORBIDDEN: {
    cause: '浏览器不允许本页面使用串口。',
    remedy:
      '请点击地址栏左侧的图标并允许使用串口，或联系此电脑的管理员。如果本页面嵌在其他网页中，请单独打开它。',
  },
  NO_PORT_CHOSEN: {
    cause: '没有选择串口。',
    remedy:
      '列表为空？请使用能传输数据的 USB 线，重新插入适配器，并安装驱动程序（Windows：从适配器芯片厂商下载，如 CH340、CP210x、FTDI）。Linux 上可能需要加入 dialout 组；snap 版 Chromium 需先运行 “sudo snap connect chromium:raw-usb” 才能看到串口。',
  },
  CHOOSE_AGAIN: {
    cause: '适配器已重新插入，但它没有序列号，浏览器无法认出。',
    remedy: '请重新选择串口，升级会从中断处继续。',
  },
  MANIFEST_UNREACHABLE: {
    cause: '无法加载固件清单。',
    remedy: '请检查网络并刷新页面，或选择本机上的固件文件。',
  },
  MANIFEST_WRONG: {
    cause: '服务器上的固件清单有错误。',
    remedy: '请告知本页面的提供者。您也可以选择本机上的固件文件。',
  },
  MANIFEST_VERSION: {
    cause: '固件清单需要更新版本的页面。',
    remedy: '请刷新页面，使浏览器加载新版本。',
  },
  FIRMWARE_UNREACHABLE: {
    cause: '无法从服务器加载固件。',
    remedy: '请检查网络并刷新页面，或选择本机上的固件文件。',
  },
  FIRMWARE_DIFFERS: {
    cause: '收到的固件与清单不符，已拒绝使用。',
    remedy: '请刷新页面。如果仍然如此，请告知本页面的提供者：服务器上的文件或清单有误。',
  },
  FIRMWARE_GONE: {
    cause: '浏览器中已没有上次中断升级所用的固件。',
    remedy: '请重新选择同一个文件：升级会从中断处继续。',
  },
  PAGE_INCOMPLETE: { cause: '页面的一部分未能加载。', remedy: '请刷新页面。' },
  BUG: {
    cause: '页面发生意外错误。',
    remedy: '请刷新页面后重试。如果仍然如此，请将报告发给本页面的提供者。',
  },
};

export const refused: Texts['refused'] = {
  NOT_NOW: '设备正忙，此刻不允许升级，请稍后重试。',
  WRONG_PRODUCT: '设备表示此固件适用于其他产品。',
  WRONG_HARDWARE: '设备表示此固件不适用于它的硬件版本。',
  WRONG_DEVICE: '设备表示此固件专用于另一台设备。',
  WRONG_ADDRESS: '设备表示此固件的起始地址不符。',
  WRONG_SIZE: '设备表示此固件为空或太大。',
  ROLLBACK: '此固件版本过旧：设备不允许降级。',
  NOT_CAPABLE: '此固件所需的功能，设备的引导程序不具备。',
  BAD_SIGNATURE: '设备不接受此固件的签名。',
  PACKAGE_ONLY: '设备只接受为本产品制作的升级包（.iap）。',
  RECORD_FAILED: '设备无法再记录升级状态：该处存储器已损坏或被写保护。',
  SUPPLY_LOW: '设备供电电压过低，无法写入存储器。请充电或更换电池；数据不会丢失。',
  NOT_BOOTABLE: '设备上没有可以启动的完整固件。',
  RATE_UNAVAILABLE: '设备不支持此速率，请选择较低的速率或设备默认。',
};
