// A small Redis on loopback: the commands that Coxswain sends, over RESP2, with what was asked of it to look at.
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

interface RedisOptions {
  /** Default: nobody has to log in. */
  password?: string;
  port?: number;
}

export interface SandboxRedis {
  port: number;
  /** By key, with the seconds that it was to live. */
  values: Map<string, { value: Buffer; seconds: number }>;
  /** Every command that it has answered since its start, e.g. `SET app|…`: name and first argument. */
  commands: string[];
  /** While true it takes commands and answers nothing. */
  deaf: boolean;
  /** All connections end, and no other one is taken until `open`. Its values are lost. */
  close(): Promise<void>;
  open(): Promise<void>;
}

const ok = '+OK\r\n';
const gone = '$-1\r\n';

/** One command, or undefined while it is not whole: an array of bulk strings, as every client sends. */
function parse(data: Buffer): { args: Buffer[]; rest: Buffer } | undefined {
  let at = 0;
  const line = (): string | undefined => {
    const end = data.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const text = data.subarray(at, end).toString();
    at = end + 2;
    return text;
  };
  const count = Number(line()?.slice(1));
  const args: Buffer[] = [];
  while (args.length < count) {
    const length = line();
    if (length === undefined) return undefined;
    const end = at + Number(length.slice(1));
    if (data.length < end + 2) return undefined;
    args.push(data.subarray(at, end));
    at = end + 2;
  }
  return Number.isNaN(count) ? undefined : { args, rest: data.subarray(at) };
}

function bulk(value: Buffer | undefined): Buffer | string {
  return value ? Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]) : gone;
}

function answer(redis: SandboxRedis, name: string, args: readonly Buffer[]): Buffer | string {
  const [key = '', value = Buffer.alloc(0), option = '', seconds = '0'] = [
    args[0]?.toString(),
    args[1],
    args[2]?.toString(),
    args[3]?.toString(),
  ];
  const known = redis.values.get(key);
  switch (name) {
    case 'PING':
      return '+PONG\r\n';
    case 'SELECT':
    case 'CLIENT':
      return ok;
    case 'SET':
      redis.values.set(key, { value: Buffer.from(value), seconds: option === 'EX' ? Number(seconds) : 0 });
      return ok;
    case 'GET':
      return bulk(known?.value);
    case 'DEL':
      return `:${redis.values.delete(key) ? 1 : 0}\r\n`;
    case 'EXPIRE':
      return `:${known ? 1 : 0}\r\n`;
    case 'PUBLISH':
      return ':0\r\n';
    default:
      return `-ERR unknown command '${name}'\r\n`;
  }
}

function serve(redis: SandboxRedis, socket: Socket, password: string | undefined): void {
  let entered = password === undefined;
  let pending: Buffer = Buffer.alloc(0);
  const reply = (text: Buffer | string): void => {
    socket.write(typeof text === 'string' ? Buffer.from(text) : text);
  };
  socket.on('error', () => undefined); // a client that goes away
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk]);
    for (let found = parse(pending); found; found = parse(pending)) {
      pending = found.rest;
      const [first, ...args] = found.args;
      const name = first?.toString().toUpperCase() ?? '';
      if (redis.deaf) continue;
      redis.commands.push(`${name} ${name === 'AUTH' ? '' : (args[0]?.toString() ?? '')}`.trim());
      if (name === 'AUTH') {
        entered = args.at(-1)?.toString() === password;
        reply(entered ? ok : '-WRONGPASS invalid username-password pair or user is disabled.\r\n');
      } else reply(entered ? answer(redis, name, args) : '-NOAUTH Authentication required.\r\n');
    }
  });
}

export async function startRedis({ password, port = 0 }: RedisOptions = {}): Promise<SandboxRedis> {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  const redis: SandboxRedis = {
    port,
    values: new Map(),
    commands: [],
    deaf: false,
    async open() {
      server = createServer((socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
        serve(redis, socket, password);
      }).listen(redis.port, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (typeof address === 'object' && address) redis.port = address.port;
    },
    async close() {
      const closing = server;
      server = undefined;
      redis.values.clear();
      for (const socket of sockets) socket.destroy();
      if (closing) await new Promise((resolve) => closing.close(resolve));
    },
  };
  await redis.open();
  return redis;
}
