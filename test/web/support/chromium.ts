/** Debian's; playwright's own would be a download. */
export const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
