// <iap-update>: the whole update, for anybody's page.
import { Controller } from './controller.js';
import { h } from './dom.js';
import { isBusy, type State, type Step } from './flow.js';
import { panelOf, showProgress } from './panels.js';
import { reportJson, reportOf, reportText } from './report.js';
import { settingsForm } from './settings-form.js';
import { styleSheet } from './style.js';
import { LANGUAGES, languageFor } from './texts/language.js';
import type { Language, Texts } from './texts/texts.js';
import type { Deed, View } from './view.js';

const FILE_TYPES = '.iap,.hex,.ihex,.srec,.s19,.s28,.s37,.mot,.bin,.elf,.axf';

/**
 * Attributes: `manifest`, address of an update manifest; `heading`, instead of "Firmware update"; `language`, instead of the
 * browser's; `initial-rate` and `rate` [baud] or rate="auto"; `no-demo`; `no-files`, the manifest's firmware alone. Slots: `logo`,
 * `footer`. Events: `iap-state` with `detail.at`, at each step; `iap-loaded` with `detail.urls`, what to keep for use without a network.
 */
export class IapUpdateElement extends HTMLElement {
  readonly #root = this.attachShadow({ mode: 'open' });
  readonly #card = h('div', { class: 'card', part: 'card' });
  readonly #panel = h('section', { class: 'panel', 'aria-labelledby': 'title' });
  readonly #head = h('div', { class: 'head' });
  readonly #help = h('div', {});
  readonly #live = h('p', { class: 'sr', role: 'status', 'aria-live': 'polite' });
  readonly #input = h('input', { type: 'file', accept: FILE_TYPES, hidden: true });
  #language: Language = 'en';
  #shown: Step['at'] | undefined;
  #controller: Controller | undefined;

  connectedCallback(): void {
    this.#language = languageFor([this.getAttribute('language') ?? '', ...navigator.languages]);
    this.#root.adoptedStyleSheets = [styleSheet()];
    this.#card.replaceChildren(this.#head, this.#panel, this.#help, this.#live, this.#input);
    this.#root.replaceChildren(this.#card);
    this.#input.addEventListener('change', this.#chosen);
    for (const type of ['dragover', 'dragleave', 'drop']) {
      this.addEventListener(type, this.#dragged as EventListener);
    }
    const controller = new Controller(
      (before) => this.#changed(before),
      (urls) => this.#emit('iap-loaded', { urls }),
    );
    this.#controller = controller;
    const rate = this.getAttribute('rate');
    controller.settings = {
      initialRate: Number(this.getAttribute('initial-rate')) || controller.settings.initialRate,
      ...(rate === null ? {} : { rate: rate === 'auto' ? rate : Number(rate) }),
    };
    this.#render();
    void controller.start(this.#manifest);
  }

  disconnectedCallback(): void {
    this.#controller?.close();
    this.#controller = undefined;
  }

  get #manifest(): string | undefined {
    return this.getAttribute('manifest') ?? undefined;
  }

  get #texts(): Texts {
    return LANGUAGES[this.#language];
  }

  #emit(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #changed(before: State): void {
    const state = this.#controller?.state;
    if (!state) return;
    const { step } = state;
    if (step.at === 'updating' && before.step.at === 'updating' && state.device === before.device) {
      showProgress(this.#panel, step, this.#texts);
      this.#sayProgress(before.step, step);
      return;
    }
    const focused = this.#root.activeElement;
    const moves = step.at !== before.step.at;
    this.#render();
    if (!moves) return;
    this.#emit('iap-state', { at: step.at });
    this.#say(this.#panel.querySelector('h2')?.textContent ?? '');
    // Whoever works with the keyboard is taken along; whoever is elsewhere in the page stays there.
    if (focused) this.#panel.querySelector('h2')?.focus();
  }

  /** Each phase, and each quarter: who does not see the bar is not to be talked to all the time. */
  #sayProgress(before: Extract<Step, { at: 'updating' }>, now: typeof before): void {
    if (now.phase !== before.phase) this.#say(this.#texts.phases[now.phase]);
    const [last, quarter] = [before, now].map(({ progress }) =>
      progress ? Math.floor((4 * progress.bytesDone) / progress.bytesTotal) : 0,
    );
    if (quarter && quarter !== last) this.#say(`${25 * quarter} %`);
  }

  #say(text: string): void {
    this.#live.textContent = text;
  }

  #render(): void {
    const controller = this.#controller;
    if (!controller) return;
    const { state } = controller;
    const texts = this.#texts;
    this.lang = texts.lang;
    this.setAttribute('state', state.step.at);
    this.#head.replaceChildren(this.#header(), steps(state.step, texts));
    const view: View = {
      state,
      texts,
      language: texts.lang,
      act: (deed) => this.#act(deed),
      knownPort:
        controller.known?.kind === 'serial'
          ? (controller.known.name ?? texts.unnamedPort)
          : undefined,
      unable: controller.unable,
      manifest: this.#manifest !== undefined,
      files: !this.hasAttribute('no-files'),
      demo: !this.hasAttribute('no-demo'),
      settings: (base) => settingsForm(controller, texts, base),
    };
    const { title, content } = panelOf(view);
    const demo = state.port?.kind === 'demo' && DEMO_STEPS.has(state.step.at);
    this.#panel.replaceChildren(
      h('h2', { id: 'title', tabindex: -1 }, title),
      ...(demo ? [h('div', { class: 'box note warn', role: 'note' }, texts.demoNotice)] : []),
      ...content.filter((node) => node !== undefined),
    );
    if (state.step.at === 'updating') showProgress(this.#panel, state.step, texts);
    // As somebody has left it, until something else is shown
    const { at } = state.step;
    const left = this.#shown === at ? this.#help.querySelector('details')?.open : undefined;
    this.#shown = at;
    this.#help.replaceChildren(help(texts, left ?? at === 'failed'), h('slot', { name: 'footer' }));
  }

  #header(): HTMLElement {
    const texts = this.#texts;
    const select = h(
      'select',
      { change: () => this.#speak(select.value as Language), 'data-do': 'language' },
      ...Object.entries(LANGUAGES).map(([language, { ownName, lang }]) =>
        h('option', { value: language, lang, selected: language === this.#language }, ownName),
      ),
    );
    return h(
      'header',
      {},
      h('slot', { name: 'logo' }),
      h('h1', { class: 'title' }, this.getAttribute('heading') ?? texts.title),
      h('label', { class: 'language' }, h('span', { lang: texts.lang }, texts.language), select),
    );
  }

  #speak(language: Language): void {
    this.#language = language;
    this.#render();
    this.#root.querySelector<HTMLElement>('[data-do=language]')?.focus();
    this.#emit('iap-language', { language });
  }

  #act(deed: Deed): void {
    const controller = this.#controller;
    if (!controller) return;
    switch (deed) {
      case 'choose-file':
        this.#input.value = '';
        this.#input.click();
        break;
      case 'demo-firmware':
        controller.useDemoFirmware();
        break;
      case 'other-firmware':
        controller.dispatch({ do: 'other-firmware' });
        break;
      case 'reload':
        controller.load(this.#manifest);
        break;
      case 'choose-port':
      case 'all-ports':
        void controller.choosePort(deed === 'all-ports');
        break;
      case 'last-port':
        void controller.useKnownPort();
        break;
      case 'demo-device':
        controller.useDemoDevice();
        break;
      case 'other-port':
        controller.dispatch({ do: 'other-port' });
        break;
      case 'install':
      case 'wait':
        controller.dispatch({ do: 'install', wait: deed === 'wait' });
        break;
      case 'again':
        controller.again();
        break;
      case 'stop':
        controller.dispatch({ do: 'stop' });
        break;
      default:
        void this.#report(deed, controller.state);
    }
  }

  async #report(
    deed: Extract<Deed, 'copy' | 'save-text' | 'save-json'>,
    state: State,
  ): Promise<void> {
    const report = reportOf(state, new Date(), navigator.userAgent);
    const text = deed === 'save-json' ? reportJson(report) : reportText(report, this.#texts);
    if (deed === 'copy') {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        // Not allowed: it can still be saved.
        return;
      }
      this.#say(this.#texts.copied);
      const button = this.#panel.querySelector('[data-do=copy]');
      if (button) button.textContent = this.#texts.copied;
      return;
    }
    const name = `iap-update-${report.time.slice(0, 19).replaceAll(':', '')}`;
    const json = deed === 'save-json';
    save(text, `${name}.${json ? 'json' : 'txt'}`, json ? 'application/json' : 'text/plain');
  }

  readonly #chosen = (): void => {
    const [file] = this.#input.files ?? [];
    if (file) void this.#controller?.useFile(file);
  };

  readonly #dragged = (event: DragEvent): void => {
    const controller = this.#controller;
    if (!controller || this.hasAttribute('no-files') || !event.dataTransfer) return;
    event.preventDefault();
    const takes = !isBusy(controller.state);
    event.dataTransfer.dropEffect = takes ? 'copy' : 'none';
    this.#card.classList.toggle('over', event.type === 'dragover' && takes);
    const [file] = event.dataTransfer.files;
    if (event.type === 'drop' && takes && file) void controller.useFile(file);
  };
}

const DEMO_STEPS: ReadonlySet<Step['at']> = new Set([
  'finding',
  'found',
  'updating',
  'done',
  'failed',
]);

function save(text: string, name: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  h('a', { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

function steps(step: Step, texts: Texts): HTMLElement {
  const found = step.at !== 'failed' || step.stage !== 'find';
  const now = found ? STEP_OF[step.at] : STEP_OF.finding;
  const names = [texts.steps.firmware, texts.steps.device, texts.steps.update];
  return h(
    'ol',
    { class: 'steps' },
    ...names.map((name, i) => {
      const state = i < now ? 'done' : i === now ? 'now' : 'later';
      return h(
        'li',
        { 'data-state': state, ...(i === now ? { 'aria-current': 'step' } : {}) },
        h(
          'span',
          {},
          h('span', { 'aria-hidden': 'true' }, state === 'done' ? '✓ ' : `${i + 1}. `),
          name,
          h('span', { class: 'sr' }, ` (${texts.stepStates[state]})`),
        ),
      );
    }),
  );
}

/** Firmware, device, update; after the last one all are done */
const STEP_OF: Readonly<Record<Step['at'], number>> = {
  loading: 0,
  firmware: 0,
  port: 1,
  finding: 1,
  found: 1,
  updating: 2,
  lost: 2,
  failed: 2,
  done: 3,
};

function help(texts: Texts, open: boolean): HTMLElement {
  return h(
    'details',
    { open },
    h('summary', {}, texts.blankDevice),
    h(
      'div',
      { class: 'help' },
      h(
        'div',
        {},
        h('h3', {}, texts.byHand),
        h('ol', {}, ...texts.byHandSteps.map((step) => h('li', {}, step))),
      ),
      h('img', {
        src: new URL('./boot0.svg', import.meta.url).href,
        alt: texts.bootPicture,
        width: 320,
        height: 220,
      }),
    ),
  );
}

customElements.define('iap-update', IapUpdateElement);
