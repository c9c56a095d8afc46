// As much of a browser's document as the page's script uses: parsed from our own HTML, which has no tag left open.

const voidTags = new Set(['meta', 'link', 'input', 'img', 'br', 'hr']);
const token = /<(\/?)([a-z][a-z0-9-]*)((?:\s+[^\s=>/]+(?:="[^"]*")?)*)\s*(\/?)>|<![^>]*>|([^<]+)/gy;

function decoded(text: string): string {
  return text.replace(/&#(\d+);/g, (_, number: string) => String.fromCharCode(Number(number)));
}

function encoded(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}

interface PageEvent {
  type: string;
  target: Element;
  key?: string;
  preventDefault(): void;
}

type Listener = (event: PageEvent) => void;
type Listeners = Map<string, Listener[]>;

function listen(to: Listeners, type: string, fn: Listener): void {
  to.set(type, [...(to.get(type) ?? []), fn]);
}

export class Element {
  readonly tag: string;
  readonly attributes: Map<string, string>;
  nodes: (Element | string)[] = [];
  parent: Element | undefined;
  /** Of the topmost element alone. */
  document: Document | undefined;
  /** Of inputs. */
  value = '';
  readonly listeners: Listeners = new Map();

  constructor(tag: string, attributes: Map<string, string> = new Map()) {
    this.tag = tag;
    this.attributes = attributes;
  }

  get children(): Element[] {
    return this.nodes.filter((node) => typeof node !== 'string');
  }

  get firstElementChild(): Element | null {
    return this.children[0] ?? null;
  }

  get nextElementSibling(): Element | null {
    const all = this.parent?.children ?? [];
    return all[all.indexOf(this) + 1] ?? null;
  }

  get id(): string {
    return this.attributes.get('id') ?? '';
  }

  get className(): string {
    return this.attributes.get('class') ?? '';
  }

  set className(text: string) {
    this.attributes.set('class', text);
  }

  get classList(): {
    add(name: string): void;
    remove(name: string): void;
    contains(name: string): boolean;
    toggle(name: string, on: boolean): void;
  } {
    const names = (): string[] => this.className.split(/\s+/).filter(Boolean);
    const toggle = (name: string, on: boolean): void =>
      void (this.className = [...names().filter((each) => each !== name), ...(on ? [name] : [])].join(' '));
    return {
      add: (name) => toggle(name, true),
      remove: (name) => toggle(name, false),
      contains: (name) => names().includes(name),
      toggle,
    };
  }

  get dataset(): Record<string, string> {
    return Object.fromEntries(
      [...this.attributes].flatMap(([name, value]) =>
        name.startsWith('data-')
          ? [[name.slice(5).replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]]
          : [],
      ),
    );
  }

  get open(): boolean {
    return this.attributes.has('open');
  }

  set open(on: boolean) {
    this.setAttribute('open', on ? '' : undefined);
  }

  get hidden(): boolean {
    return this.attributes.has('hidden');
  }

  set hidden(on: boolean) {
    this.setAttribute('hidden', on ? '' : undefined);
  }

  get title(): string {
    return this.attributes.get('title') ?? '';
  }

  set title(text: string) {
    this.attributes.set('title', text);
  }

  get dateTime(): string {
    return this.attributes.get('datetime') ?? '';
  }

  get textContent(): string {
    return this.nodes.map((node) => (typeof node === 'string' ? node : node.textContent)).join('');
  }

  set textContent(text: string) {
    this.nodes = [text];
  }

  get outerHTML(): string {
    const attributes = [...this.attributes].map(([name, value]) => ` ${name}="${encoded(value)}"`).join('');
    return (
      `<${this.tag}${attributes}>` +
      `${this.nodes.map((node) => (typeof node === 'string' ? encoded(node) : node.outerHTML)).join('')}</` +
      `${this.tag}>`
    );
  }

  get root(): Element {
    return this.parent?.root ?? this;
  }

  get isConnected(): boolean {
    return this.root.document !== undefined;
  }

  setAttribute(name: string, value: string | undefined): void {
    if (value === undefined) this.attributes.delete(name);
    else this.attributes.set(name, value);
  }

  contains(other: Element | undefined): boolean {
    return other !== undefined && (other === this || this.contains(other.parent));
  }

  /** Depth first, in the order of the text. */
  all(): Element[] {
    return this.children.flatMap((child) => [child, ...child.all()]);
  }

  matches(selector: string): boolean {
    return selector.split(',').some((each) => {
      const [own = '', parent] = each
        .trim()
        .split(/\s*>\s*/)
        .reverse();
      return this.#is(own) && (parent === undefined || this.parent?.matches(parent) === true);
    });
  }

  #is(compound: string): boolean {
    return [...compound.matchAll(/[#.]?[\w-]+|\[[\w-]+\]/g)].every(([part]) => {
      if (part.startsWith('#')) return this.id === part.slice(1);
      if (part.startsWith('.')) return this.classList.contains(part.slice(1));
      return part.startsWith('[') ? this.attributes.has(part.slice(1, -1)) : this.tag === part;
    });
  }

  querySelectorAll(selector: string): Element[] {
    return this.all().filter((element) => element.matches(selector));
  }

  querySelector(selector: string): Element | null {
    return this.querySelectorAll(selector)[0] ?? null;
  }

  closest(selector: string): Element | null {
    return this.matches(selector) ? this : (this.parent?.closest(selector) ?? null);
  }

  /** Whoever has the focus inside loses it. */
  remove(): void {
    const { document } = this.root;
    if (document && this.contains(document.activeElement)) document.activeElement = document.body;
    if (this.parent) this.parent.nodes = this.parent.nodes.filter((node) => node !== this);
    this.parent = undefined;
  }

  insertBefore(node: Element, before: Element | null): void {
    if (before !== null && before.parent !== this) throw new Error('insertBefore: the other is no child of this');
    node.remove();
    this.nodes.splice(before === null ? this.nodes.length : this.nodes.indexOf(before), 0, node);
    node.parent = this;
  }

  replaceWith(next: Element): void {
    this.parent?.insertBefore(next, this);
    this.remove();
  }

  focus(): void {
    const { document } = this.root;
    if (document) document.activeElement = this;
  }

  select(): void {
    this.focus();
  }

  click(): void {
    this.fire('click');
  }

  addEventListener(type: string, fn: Listener): void {
    listen(this.listeners, type, fn);
  }

  /** What a person does: goes up to the document. */
  fire(type: string, more: { key?: string } = {}): void {
    const event: PageEvent = { type, target: this, preventDefault: () => undefined, ...more };
    const { document } = this.root;
    for (let at: Element | undefined = this; at; at = at.parent)
      for (const fn of at.listeners.get(type) ?? []) fn(event);
    for (const fn of document?.listeners.get(type) ?? []) fn(event);
  }
}

export class Document {
  readonly documentElement: Element;
  readonly body: Element;
  readonly listeners: Listeners = new Map();
  hidden = false;
  activeElement: Element;

  /** Throws for a tag that is left open or closes another one. */
  constructor(html: string) {
    this.documentElement = parsed(html);
    this.documentElement.document = this;
    const body = this.documentElement.querySelector('body');
    if (!body) throw new Error('the page has no body');
    this.body = this.activeElement = body;
  }

  getElementById(id: string): Element | null {
    return this.documentElement.all().find((element) => element.id === id) ?? null;
  }

  querySelectorAll(selector: string): Element[] {
    return this.documentElement.querySelectorAll(selector);
  }

  addEventListener(type: string, fn: Listener): void {
    listen(this.listeners, type, fn);
  }

  /** As when the person turns to another tab, and back. */
  show(visible: boolean): void {
    this.hidden = !visible;
    for (const fn of this.listeners.get('visibilitychange') ?? [])
      fn({ type: 'visibilitychange', target: this.documentElement, preventDefault: () => undefined });
  }
}

function parsed(html: string): Element {
  const top = new Element('');
  let at = top;
  token.lastIndex = 0;
  while (token.lastIndex < html.length) {
    const from = token.lastIndex;
    const found = token.exec(html);
    if (!found) throw new Error(`no HTML: ${html.slice(from, from + 80)}`);
    const [, closing, tag, attributes = '', closed, text] = found;
    if (text !== undefined) at.nodes.push(decoded(text));
    else if (tag !== undefined && closing) {
      if (at.tag !== tag || !at.parent) throw new Error(`</${tag}> closes <${at.tag}>`);
      at = at.parent;
    } else if (tag !== undefined) {
      const pairs = [...attributes.matchAll(/([^\s=]+)(?:="([^"]*)")?/g)].map(
        ([, name = '', value = '']) => [name, decoded(value)] as const,
      );
      const next = new Element(tag, new Map(pairs));
      at.nodes.push(next);
      next.parent = at;
      if (!closed && !voidTags.has(tag)) at = next;
    }
  }
  const [root] = top.children;
  if (at !== top || !root) throw new Error(`<${at.tag}> is left open`);
  root.parent = undefined;
  return root;
}
