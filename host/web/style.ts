// How the element looks. Colours, radius and font are the page's to set; what is not set has enough contrast (WCAG 2 AA) in light and
// in dark. A constructed sheet, which a strict content security policy lets through.

const CSS = `
:host {
  display: block;
  container-type: inline-size;
  --accent: var(--iap-accent, light-dark(#0b5cad, #6cb2f7));
  --on-accent: var(--iap-on-accent, light-dark(#ffffff, #06121f));
  --surface: var(--iap-surface, light-dark(#ffffff, #181c21));
  --raised: var(--iap-raised, light-dark(#f3f6f9, #22282f));
  --text: var(--iap-text, light-dark(#17202a, #eef2f6));
  --muted: var(--iap-muted, light-dark(#51606f, #a9b5c1));
  --border: var(--iap-border, light-dark(#c3ccd6, #46515d));
  --good: var(--iap-good, light-dark(#12692f, #6ed08c));
  --bad: var(--iap-bad, light-dark(#ad1f1f, #ff9a93));
  --warn: var(--iap-warn, light-dark(#7a4b00, #f0bf62));
  --radius: var(--iap-radius, 10px);
  font: 1rem/1.55 var(--iap-font, system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif);
  color: var(--text);
  text-align: start;
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
.card {
  background: var(--surface);
  border: 1px solid var(--border);
  border-radius: calc(var(--radius) * 1.6);
  padding: 1.75rem;
  display: grid;
  gap: 1.5rem;
  overflow-wrap: anywhere;
}
header { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem 1rem; }
header .title { flex: 1 1 12rem; }
h1, h2, h3, p, ul, ol, dl, dd { margin: 0; }
h1 { font-size: 1.35rem; line-height: 1.25; }
h2 { font-size: 1.2rem; line-height: 1.3; }
h2:focus { outline: none; }
h3 { font-size: 1rem; }
.language { display: flex; align-items: center; gap: .5rem; color: var(--muted); font-size: .9rem; }
select, input {
  font: inherit; color: var(--text); background: var(--surface);
  border: 1px solid var(--muted); border-radius: calc(var(--radius) * .6); padding: .4rem .6rem; min-height: 2.5rem; max-width: 100%;
}
.steps { list-style: none; padding: 0; display: grid; grid-template-columns: repeat(3, 1fr); gap: .5rem; }
.steps li { display: grid; gap: .3rem; padding-top: .55rem; border-top: 4px solid var(--border); color: var(--muted); font-size: .95rem; }
.steps li[data-state=done] { border-top-color: var(--good); color: var(--text); }
.steps li[data-state=now] { border-top-color: var(--accent); color: var(--text); font-weight: 600; }
.head { display: grid; gap: 1.25rem; }
.panel { display: grid; gap: 1.1rem; }
.report { display: grid; gap: .6rem; }
.muted { color: var(--muted); }
.small { font-size: .9rem; }
.actions { display: flex; flex-wrap: wrap; gap: .6rem; }
button {
  font: inherit; font-weight: 600; cursor: pointer; min-height: 2.75rem; padding: .5rem 1.15rem;
  border-radius: var(--radius); border: 1px solid var(--accent); background: transparent; color: var(--accent);
}
button.main { background: var(--accent); color: var(--on-accent); }
button.link { border-color: transparent; padding-inline: 0; text-decoration: underline; text-underline-offset: .2em; font-weight: 400; text-align: start; }
button:hover { filter: brightness(1.08); }
button.link:hover { text-decoration-thickness: 2px; }
:is(button, select, input, summary, a, .drop):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.drop {
  display: grid; justify-items: center; gap: .7rem; padding: 2rem 1rem; text-align: center;
  border: 2px dashed var(--muted); border-radius: var(--radius); background: var(--raised);
}
.card.over .drop, .card.over { border-color: var(--accent); }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .3rem 1.25rem; }
dt { color: var(--muted); }
.box { background: var(--raised); border-radius: var(--radius); padding: 1rem 1.15rem; display: grid; gap: .6rem; }
.note { border-inline-start: 5px solid var(--accent); }
.note.good { border-color: var(--good); }
.note.bad { border-color: var(--bad); }
.note.warn { border-color: var(--warn); }
.mark { display: inline-block; width: 1.5em; font-weight: 700; }
.good .mark { color: var(--good); }
.bad .mark { color: var(--bad); }
.warn .mark { color: var(--warn); }
code, .mono { font-family: ui-monospace, "Cascadia Mono", Consolas, monospace; font-size: .88em; }
progress { width: 100%; height: 1.1rem; appearance: none; border: 1px solid var(--border); border-radius: 99px; overflow: hidden; background: var(--raised); }
progress::-webkit-progress-bar { background: var(--raised); }
progress::-webkit-progress-value { background: var(--accent); }
progress::-moz-progress-bar { background: var(--accent); }
.figures { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .2rem 1rem; font-variant-numeric: tabular-nums; }
details { border-top: 1px solid var(--border); padding-top: .9rem; }
summary { cursor: pointer; color: var(--accent); min-height: 2rem; }
details[open] > :not(summary) { margin-top: .8rem; }
.help { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.25rem; align-items: start; }
.help > div { display: grid; gap: .6rem; }
.help ol { padding-inline-start: 1.3rem; display: grid; gap: .5rem; }
.help img { width: 100%; height: auto; border: 1px solid var(--border); border-radius: var(--radius); background: #fff; }
.settings { display: grid; gap: .7rem; }
.settings label { display: grid; gap: .25rem; }
.settings :is(select, input) { width: min(100%, 20rem); }
.notes { white-space: pre-line; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
@container (max-width: 34rem) {
  .card { padding: 1.1rem; gap: 1.2rem; }
  .steps li { font-size: .8rem; }
  h1 { font-size: 1.2rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .45rem; }
  .help { grid-template-columns: 1fr; }
  .actions > button:not(.link) { flex: 1 1 100%; }
}
@media (forced-colors: active) {
  .steps li[data-state=now] { border-top-color: Highlight; }
  progress { border-color: CanvasText; }
}
`;

export function styleSheet(): CSSStyleSheet {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(CSS);
  return sheet;
}
