// A headless Chromium that takes pictures of parts of a page.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import WebSocket from 'ws';

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--remote-debugging-port=0',
];

interface Picture {
  url: string;
  /** Run in the page before the picture, e.g. to open a part of it. */
  script?: string;
  /** CSS selector of what is pictured; waited for. */
  selector: string;
  file: string;
  width: number;
  /** What is longer is cut off. */
  maxHeight: number;
}

interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** One page of the browser. */
export interface Tab {
  /** What the expression comes to, of which a promise is waited for. */
  run<T>(expression: string): Promise<T>;
  go(url: string): Promise<void>;
  /** A command of the DevTools protocol. */
  send<T>(method: string, params: object): Promise<T>;
  close(): Promise<void>;
}

/** The DevTools protocol's commands, one page at a time. */
export class Browser {
  readonly #child: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #last = 0;

  private constructor(child: ChildProcess, profile: string, socket: WebSocket) {
    this.#child = child;
    this.#profile = profile;
    this.#socket = socket;
    socket.on('message', (data) => this.#answered(String(data)));
  }

  /** `command` is found on PATH; default chromium. */
  static async start(command = 'chromium'): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'coxswain-browser-'));
    const child = spawn(command, [...flags, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const address = await new Promise<string>((resolve, reject) => {
      let said = '';
      child.on('error', reject);
      child.on('exit', () => reject(new Error(`${command} ended: ${said.slice(-400)}`)));
      child.stderr.on('data', (data: Buffer) => {
        said += data.toString();
        const found = /ws:\/\/\S+/.exec(said)?.[0];
        if (found) resolve(found);
      });
    });
    const socket = new WebSocket(address);
    await once(socket, 'open');
    return new Browser(child, profile, socket);
  }

  /** A page of its own; `go` leads it somewhere. */
  async open(url = 'about:blank'): Promise<Tab> {
    const { targetId } = await this.#send<{ targetId: string }>('Target.createTarget', { url });
    const { sessionId } = await this.#send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true });
    const tab: Tab = {
      send: (method, params) => this.#send(method, params, sessionId),
      run: async (expression) => {
        const { result, exceptionDetails } = await this.#send<{
          result: { value: never };
          exceptionDetails?: { text: string };
        }>('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId);
        if (exceptionDetails) throw new Error(`the script failed: ${exceptionDetails.text}`);
        return result.value;
      },
      go: async (to) => void (await this.#send('Page.navigate', { url: to }, sessionId)),
      close: async () => void (await this.#send('Target.closeTarget', { targetId })),
    };
    return tab;
  }

  async take({ url, script, selector, file, width, maxHeight }: Picture): Promise<void> {
    const tab = await this.open();
    const { run } = tab;
    const size = { width, height: maxHeight, deviceScaleFactor: 1.5, mobile: false };
    await tab.send('Emulation.setDeviceMetricsOverride', size);
    await tab.go(url);
    const found =
      'new Promise((resolve, reject) => { const end = Date.now() + 10000; ' +
      `const look = () => document.querySelector(${JSON.stringify(selector)}) ? resolve(true) : ` +
      "Date.now() > end ? reject(new Error('not there')) : setTimeout(look, 50); look(); })";
    await run(found);
    if (script) await run(`(async () => { ${script} })()`);
    await run(found);
    // A page that follows its end scrolls once more after it is drawn.
    const settled = 'await new Promise((resolve) => setTimeout(resolve, 300));';
    const place =
      `const part = document.querySelector(${JSON.stringify(selector)}); ${settled} part.scrollIntoView({ block: ` +
      `'start' }); ${settled} const at = part.getBoundingClientRect();`;
    const box = await run<Rectangle>(
      `(async () => { ${place} return { x: at.x + scrollX, y: at.y + scrollY, width: at.width, height: ` +
        'at.height }; })()',
    );
    const clip = { x: box.x, y: box.y, width: box.width, height: Math.min(box.height, maxHeight), scale: 1 };
    const { data } = await tab.send<{ data: string }>('Page.captureScreenshot', {
      format: 'png',
      clip,
      captureBeyondViewport: box.y + clip.height > maxHeight,
    });
    writeFileSync(file, Buffer.from(data, 'base64'));
    await tab.close();
  }

  async stop(): Promise<void> {
    this.#socket.close();
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
    rmSync(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }

  #send<T>(method: string, params: object, sessionId?: string): Promise<T> {
    const id = (this.#last += 1);
    const answer = new Promise<unknown>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
    return answer as Promise<T>;
  }

  #answered(text: string): void {
    const message = JSON.parse(text) as { id?: number; result?: unknown; error?: { message: string } };
    const waiting = this.#waiting.get(message.id ?? 0);
    this.#waiting.delete(message.id ?? 0);
    if (message.error) waiting?.reject(new Error(message.error.message));
    else waiting?.resolve(message.result);
  }
}
