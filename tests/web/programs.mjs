// Real programs for the browser tests: Sluice, its sandbox, a receiver of webhooks, Chromium. Each on a free loopback port, each stopped
// again by whoever started it.
import { spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createListener } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const BINARY = process.argv[2];
export const TOKEN = 'web-operator-token-0123456789';

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Polls until `condition()` gives something. The bound only ends a test that can no longer pass. */
export async function waitUntil(condition, what, seconds = 60) {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const value = await condition();
    if (value) return value;
    await pause(50);
  }
  throw new Error(`gave up waiting until ${what}`);
}

function listensAt(port) {
  return new Promise((done) => {
    const probe = createListener();
    probe.once('error', () => done(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)));
  });
}

/** The first of so many free ports in a row, below those that outgoing connections get. */
async function freePorts(count) {
  for (;;) {
    const first = 20000 + 8 * Math.floor(Math.random() * 1500);
    let free = true;
    for (let port = first; free && port < first + count; ++port) free = await listensAt(port);
    if (free) return first;
  }
}

/** Its folder goes when it has ended as it was told to; whoever fails leaves it for a look. */
function start(args, folder, environment = {}) {
  const log = openSync(join(folder, 'log'), 'a');
  const child = spawn(BINARY, args, { stdio: ['ignore', log, log], env: { ...process.env, ...environment } });
  const stop = () => {
    child.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    child.kill('SIGTERM');
  };
  process.once('exit', stop);
  return { child, stop };
}

async function answers(child, url, what, logFile) {
  await waitUntil(async () => {
    if (child.exitCode !== null) throw new Error(`${what} ended at start:\n${readFileSync(logFile, 'utf8').slice(-2000)}`);
    return fetch(url).then((answer) => answer.ok, () => false);
  }, `${what} answers`);
}

const folderOf = (name) => mkdtempSync(join(tmpdir(), `sluice-${name}-`));

export async function sandbox() {
  const folder = folderOf('sandbox');
  const port = await freePorts(4);
  const url = `http://127.0.0.1:${port}`;
  const { child, stop } = start(['sandbox', '--listen', `127.0.0.1:${port}`], folder);
  await answers(child, `${url}/_sandbox/counts`, 'the sandbox', join(folder, 'log'));
  const get = async (path) => (await fetch(`${url}/_sandbox/${path}`)).json();
  return {
    url,
    place: {
      url,
      listener: (name) =>
        waitUntil(async () => (await get('listeners')).listeners.find((each) => each.name === name)?.url, `${name} listens`),
      credential: async (name) => (await fetch(`${url}/_sandbox/credentials/${name}`)).text(),
      received: async (service, target) =>
        (await get(`received?service=${service}&target=${encodeURIComponent(target)}`)).items,
    },
    make: (service, target) =>
      fetch(`${url}/_sandbox/targets/${service}/${target}`, {
        method: 'PUT',
        headers: { 'Content-Type': 'application/json' },
        body: '{}',
      }),
    stop,
  };
}

/** Takes webhooks, answers as told (or as `judge` says of a body), and remembers what it took. */
export async function receiver(judge) {
  let status = 204;
  const bodies = [];
  const taken = { bodies, signed: false, answer: (next) => (status = next) };
  const server = createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      const body = Buffer.concat(pieces).toString();
      const answer = judge ? judge(body) : status;
      if (answer < 300) bodies.push(body);
      taken.signed = request.headers['webhook-signature']?.startsWith('v1,') ?? false;
      response.writeHead(answer).end();
    });
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  server.unref();
  taken.url = `http://127.0.0.1:${server.address().port}`;
  return taken;
}

export async function sluice(settings = {}) {
  const folder = folderOf('web');
  const port = await freePorts(1);
  const pages = `http://127.0.0.1:${port}/`;
  const config = join(folder, 'sluice.yaml');
  const all = { listen: `127.0.0.1:${port}`, data_dir: join(folder, 'data'), min_free_disk: '1MiB', ...settings };
  writeFileSync(config, JSON.stringify(all)); // JSON is YAML
  const logFile = join(folder, 'log');
  const { child, stop } = start(['serve', '--config', config], folder, { SLUICE_ADMIN_TOKEN: TOKEN });
  await answers(child, `${pages}readyz`, 'sluice', logFile);
  const api = async (method, path, body) => {
    const answer = await fetch(pages + path.slice(1), {
      method,
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    const text = await answer.text();
    return text ? JSON.parse(text) : undefined;
  };
  return {
    folder,
    pages,
    api,
    place: {
      pages,
      receiver,
      write: (recType, object) => api('POST', `/share/${recType}`, object),
    },
    async signIn(page) {
      await page.goto(pages);
      await page.getByLabel('Token').fill(TOKEN);
      await page.getByRole('button', { name: 'Sign in' }).click();
      await page.getByRole('heading', { level: 1 }).waitFor();
    },
    stop,
  };
}

const SANDBOX_KEY = 'AKIASLUICESANDBOX000';
const SANDBOX_SECRET = 'sluice/sandbox+secret/not+for+production';

/** Settings of an integration with a stream of the sandbox. */
export const kinesisTo = (place, id, more = {}) => ({
  id,
  filter: { recTypes: ['io.demo.**'] },
  destination: {
    type: 'kinesis',
    stream: `${id}-stream`,
    region: 'eu-west-1',
    credentials: { access_key_id: SANDBOX_KEY, secret_access_key: SANDBOX_SECRET },
    endpoint: place.url,
  },
  ...more,
});

/** A sandbox and a Sluice that has something to show: one integration that works, one whose key is wrong, one made over the API. */
export async function demo() {
  const far = await sandbox();
  const broken = kinesisTo(far.place, 'with-wrong-key');
  broken.destination.credentials.secret_access_key = 'not-the-secret';
  const node = await sluice({ integrations: [kinesisTo(far.place, 'to-kinesis'), broken] });
  for (const name of ['to-kinesis', 'with-wrong-key', 'made-here']) await far.make('kinesis', `${name}-stream`);
  await node.api('POST', '/v1/integrations', kinesisTo(far.place, 'made-here'));
  for (let number = 0; number < 20; number++) await node.place.write('io.demo.reading', { number });
  await waitUntil(async () => (await node.api('GET', '/v1/integrations/to-kinesis')).stats.delivered >= 20, 'the demo has delivered');
  return {
    far,
    node,
    stop() {
      node.stop();
      far.stop();
    },
  };
}

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * Chromium with a fresh profile. A page that asks another host for anything, throws, or has an error in its console fails the test at
 * its end. `refused`: what a test does on purpose and the console tells of, as the status or path of the answer.
 */
export async function browser(options = {}) {
  const chrome = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  const context = await chrome.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const wrong = [];
  const refused = new Set();
  page.on('console', (message) => {
    const text = `${message.text()} (${message.location().url})`;
    if (message.type() === 'error' && ![...refused].some((part) => text.includes(part))) wrong.push(`the console says: ${text}`);
  });
  page.on('pageerror', (error) => wrong.push(`the page threw: ${error.message}`));
  page.on('request', (request) => {
    const { hostname, protocol } = new URL(request.url());
    if (protocol.startsWith('http') && hostname !== '127.0.0.1') wrong.push(`the page asked ${hostname}`);
  });
  return {
    page,
    context,
    refused,
    async close() {
      await chrome.close();
      if (wrong.length) throw new Error(wrong.join('\n'));
    },
  };
}
