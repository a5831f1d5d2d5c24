// The integrator's five minutes, in Chromium, for every cloud against the sandbox: paste what the console handed over, test with a
// wrong key, read what to do, paste the right one, test, send a sample, save; then an object is written and seen delivered, on the
// page and in the sandbox. `--time` writes how long each step took instead of only whether it worked.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { inaccessible } from './accessibility.mjs';
import { browser, sandbox, sluice, waitUntil } from './programs.mjs';

const ACCESS_KEY = 'AKIASLUICESANDBOX000';
const SECRET_KEY = 'sluice/sandbox+secret/not+for+production';
const CSV = `\ufeffAccess key ID,Secret access key\r\n${ACCESS_KEY},${SECRET_KEY}\r\n`;
const EVENT_HUBS =
  'Endpoint=sb://sluice-sandbox.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;' +
  'SharedAccessKey=c2x1aWNlLXNhbmRib3gtbWFuYWdlLWtleS1wdWJsaWM=';
const DEVICE =
  'HostName=sluice-sandbox.azure-devices.net;DeviceId=building-1;SharedAccessKey=X8+lCET7VYVNPEO85sRWGjLEbJeGYv+h5+ku+okN14M=';
const QUEUES = 'https://sqs.eu-west-1.amazonaws.com/000000000000/';

const wrong = (text) =>
  text
    .replace(SECRET_KEY, 'not/the+secret')
    .replace('c2x1aWNlLXNhbmRib3gtbWFuYWdlLWtleS1wdWJsaWM=', 'd3Jvbmc=')
    .replace('X8+lCET7VYVNPEO85sRWGjLEbJeGYv+h5+ku+okN14M=', 'd3Jvbmc=');

/** `card`: chosen by hand; none: the pasted text says what it is. `fields`: label → text. */
const CLOUDS = [
  {
    name: 'kinesis',
    card: 'Kinesis Data Streams',
    pasted: [CSV],
    fields: { Stream: 'building-events', Region: 'eu-west-1' },
    fix: /access key/i,
    at: ['kinesis', 'building-events'],
  },
  { name: 'sqs', card: 'SQS', pasted: [CSV, `${QUEUES}building`], fields: {}, fix: /access key/i, at: ['sqs', 'building'] },
  {
    name: 'sqs-fifo',
    pasted: [`${QUEUES}building.fifo`, CSV],
    fields: {},
    fix: /access key/i,
    at: ['sqs', 'building.fifo'],
  },
  {
    name: 'event-hubs',
    pasted: [EVENT_HUBS],
    fields: { 'Event hub (optional)': 'building-events' },
    listener: 'event_hubs_kafka',
    fix: /policy|key|connection string/i,
    at: ['event_hubs', 'building-events'],
  },
  { name: 'iot-hub', pasted: [DEVICE], fields: {}, listener: 'iot_hub_mqtt', fix: /device/i, at: ['iot_hub', 'building-1'] },
  {
    name: 'pubsub',
    pasted: ['google_admin.json'],
    fields: { 'Topic (optional)': 'building-events' },
    listener: 'pubsub_grpc',
    // The sandbox's plain-text side is an emulator, which no key is too wrong for: what is wrong there is the file.
    wrongFile: '{"installed":{"client_id":"1","auth_uri":"https://accounts.google.com/o/oauth2/auth"}}',
    fix: /service account/i,
    at: ['pubsub', 'building-events'],
  },
];

async function fill(page, label, text) {
  await page.getByLabel(label, { exact: true }).fill(text);
}

async function paste(page, text) {
  await fill(page, 'Paste here', text);
  // A text that is recognised goes into the form and leaves the box.
  await page.waitForFunction(() => document.querySelector('textarea')?.value === '');
}

async function connectTo(page, endpoint) {
  const more = page.locator('details', { hasText: 'More connection settings' }).first();
  if ((await more.getAttribute('open')) === null) await more.locator('summary').first().click();
  await fill(page, 'Endpoint', endpoint);
}

async function complete(page) {
  await page.getByText('The settings are complete.').waitFor();
}

/** On the integration's page: every event that matched was delivered. */
const seenDelivered = (page, count) =>
  page.getByRole('img', { name: new RegExp(`^${count} matched: ${count} delivered`, 'i') }).waitFor();

async function setUp(page, where, cloud, steps) {
  const step = async (what, work) => {
    const begun = performance.now();
    await work();
    steps.push([what, performance.now() - begun]);
  };
  const pasted = await Promise.all(
    cloud.pasted.map(async (text) => (text.endsWith('.json') ? where.credential(text) : text)),
  );
  const endpoint = cloud.listener ? await where.listener(cloud.listener) : where.url;

  await page.goto(`${where.pages}#/integrations/new`);
  await page.getByRole('heading', { name: 'New integration', level: 1 }).waitFor();
  if (cloud.card) await page.getByText(cloud.card, { exact: true }).click();
  if (cloud.wrongFile) {
    await step('paste the wrong file and read what is wrong', async () => {
      await fill(page, 'Paste here', cloud.wrongFile);
      await page.getByRole('alert').filter({ hasText: cloud.fix }).waitFor();
      await fill(page, 'Paste here', '');
    });
  }
  await step('paste, and fill in what is missing', async () => {
    for (const text of pasted) await paste(page, cloud.wrongFile ? text : wrong(text));
    for (const [label, text] of Object.entries(cloud.fields)) await fill(page, label, text);
    await connectTo(page, endpoint);
    await fill(page, 'recTypes', `io.acme.${cloud.name}`);
    await fill(page, 'Name', `five-${cloud.name}`);
    await complete(page);
  });
  const shown = await page.locator('body').innerHTML();
  for (const secret of [SECRET_KEY, 'not/the+secret', 'PRIVATE KEY', 'd3Jvbmc='])
    assert(!shown.includes(secret), `${cloud.name}: the page shows a secret again`);

  if (!cloud.wrongFile) {
    await step('test with a wrong key, and read what to do', async () => {
      await page.getByRole('button', { name: 'Test', exact: true }).click();
      await page.getByText('The test failed.').waitFor();
      const failed = page.locator('.steps li', { hasText: 'Failed' });
      assert.match(await failed.innerText(), cloud.fix, `${cloud.name}: says what to fix`);
    });
    await step('paste the right one', async () => {
      for (const text of pasted) if (wrong(text) !== text) await paste(page, text);
      await complete(page);
    });
  }
  await step('test', async () => {
    await page.getByRole('button', { name: 'Test', exact: true }).click();
    await page.getByText('The test passed.').waitFor();
  });
  if (cloud.name === 'kinesis') assert.deepEqual(await inaccessible(page), [], 'the form, filled in and tested');
  await step('send a sample event', async () => {
    await page.getByRole('button', { name: 'Send a sample event' }).click();
    await page.getByText('The sample event was accepted').waitFor();
  });
  const [sample] = await where.received(...cloud.at);
  assert.equal(JSON.parse(sample.body).obj.data.sluice_sample, true, `${cloud.name}: the sample is there, and marked`);
  await step('look at what will be sent', async () => {
    await page.getByLabel('The body that would be sent').filter({ hasText: `io.acme.${cloud.name}` }).waitFor();
  });
  await step('save', async () => {
    await page.getByRole('button', { name: 'Save and start' }).click();
    await page.getByRole('heading', { name: `five-${cloud.name}`, level: 1 }).waitFor();
  });
  await step('write an object and see it delivered', async () => {
    await where.write(`io.acme.${cloud.name}`, { temperature: 21.5 });
    const [, arrived] = await waitUntil(async () => {
      const items = await where.received(...cloud.at);
      return items.length > 1 && items;
    }, `${cloud.name} delivers`);
    assert.equal(JSON.parse(arrived.body).obj.data.temperature, 21.5);
    await seenDelivered(page, 1);
  });
}

async function webhook(page, where, steps) {
  const receiver = await where.receiver();
  const begun = performance.now();
  await page.goto(`${where.pages}#/integrations/new`);
  await paste(page, ` '${receiver.url}/in?key=1'\n`);
  await fill(page, 'Signing secret (optional)', 'a-secret-of-their-own');
  await fill(page, 'recTypes', 'io.acme.webhook');
  await complete(page);
  receiver.answer(401);
  await page.getByRole('button', { name: 'Send a sample event' }).click();
  await page.getByRole('alert').filter({ hasText: 'was not accepted' }).waitFor();
  receiver.answer(204);
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await page.getByText('The test passed.').waitFor();
  await page.getByRole('button', { name: 'Send a sample event' }).click();
  await page.getByText('The sample event was accepted').waitFor();
  await fill(page, 'Name', 'five-webhook');
  await page.getByRole('button', { name: 'Save and start' }).click();
  await page.getByRole('heading', { name: 'five-webhook', level: 1 }).waitFor();
  await where.write('io.acme.webhook', { temperature: 21.5 });
  await waitUntil(() => receiver.bodies.some((body) => body.includes('"temperature":21.5')), 'the webhook gets it');
  await seenDelivered(page, 1);
  assert(receiver.signed, 'requests are signed');
  steps.push(['all of it', performance.now() - begun]);
}

/** Another key for one that is there: what is not given again is kept. */
async function edit(page, where) {
  await page.goto(`${where.pages}#/integrations/five-kinesis/edit`);
  await page.getByRole('heading', { name: 'Edit five-kinesis', level: 1 }).waitFor();
  await complete(page);
  await page.getByText(ACCESS_KEY).waitFor();
  await page.getByLabel('Data', { exact: false }).first().waitFor();
  await page.getByText('Only what was sent in', { exact: false }).click();
  await complete(page);
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await page.getByText('The test passed.').waitFor();
  await page.getByRole('button', { name: 'Save the changes' }).click();
  await page.getByRole('heading', { name: 'five-kinesis', level: 1 }).waitFor();
  await where.write('io.acme.kinesis', { temperature: 22 });
  await waitUntil(async () => (await where.received('kinesis', 'building-events')).at(-1).body === '{"temperature":22}',
    'the data alone arrives');
}

/** Without a mouse: a card, a paste, the test. And what is missing is told where the focus is. */
async function byKeyboard(page, where) {
  await page.goto(`${where.pages}#/integrations/new`);
  await page.getByRole('button', { name: 'Test', exact: true }).press('Enter');
  await page.getByText('Choose where the events go', { exact: false }).waitFor();
  await page.getByLabel('Kinesis Data Streams', { exact: false }).first().press('Space');
  await page.getByRole('button', { name: 'Test', exact: true }).press('Enter');
  await page.locator('.todo').filter({ hasText: 'destination.stream' }).waitFor();
  assert.deepEqual(await inaccessible(page), [], 'the form, with things missing');
  await page.getByLabel('Paste here').focus();
  await page.keyboard.insertText('User name,Password,Console sign-in URL\nbob,hunter2,https://1.signin.aws.amazon.com/console');
  await page.getByRole('alert').filter({ hasText: 'sign-in' }).waitFor();
}

const timed = process.argv.includes('--time');
const chosen = process.argv.slice(3).filter((argument) => !argument.startsWith('--'));
const far = await sandbox();
const node = await sluice();
const { page, refused, close } = await browser();
// Settings that are not complete yet are told as such: of those that are tried while they change, the console tells too.
refused.add('422');
const where = { ...far.place, ...node.place };
try {
  await node.signIn(page);
  await far.make('pubsub', 'building-events');
  for (const cloud of CLOUDS) {
    if (chosen.length && !chosen.includes(cloud.name)) continue;
    const steps = [];
    try {
      await setUp(page, where, cloud, steps);
    } catch (failure) {
      const picture = `${tmpdir()}/sluice-five-minutes-${cloud.name}.png`;
      await page.screenshot({ path: picture, fullPage: true });
      console.log(`what it looked like: ${picture}`);
      throw failure;
    }
    const total = steps.reduce((sum, [, ms]) => sum + ms, 0);
    console.log(`${cloud.name}: delivered, ${(total / 1000).toFixed(1)} s`);
    if (timed) for (const [what, ms] of steps) console.log(`  ${(ms / 1000).toFixed(2)} s  ${what}`);
  }
  if (chosen.length === 0) {
    const steps = [];
    await webhook(page, where, steps);
    console.log(`webhook: delivered, ${(steps[0][1] / 1000).toFixed(1)} s`);
    await edit(page, where);
    console.log('edited, with the secrets kept');
    await byKeyboard(page, where);
    console.log('told what is missing, without a mouse');
  }
} finally {
  await close();
  node.stop();
  far.stop();
}
