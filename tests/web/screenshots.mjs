// The pictures of the docs: scripts/screenshots writes them to docs/images. A building writes to eight integrations, of which one has a
// wrong key, one refuses some events, and one is paused.
import { spawn } from 'node:child_process';
import { browser, BINARY, kinesisTo, receiver, sandbox, sluice, TOKEN, waitUntil } from './programs.mjs';

/** So long until the chart has something to show. */
const WATCHED_MS = 100_000;

const folder = process.argv[3];
const far = await sandbox();
const hook = await receiver((body) => (body.includes('"event_type":"update"') ? 400 : 204));
// One building, written with the operator's token, plays every customer's.
const filter = { recTypes: ['io.microshare.**'] };
const key = '{obj.data.device.id|id}';
const aws = kinesisTo(far.place, 'any').destination;
const queue = (name) => ({ ...aws, type: 'sqs', stream: undefined, region: undefined, queue_url: `https://sqs.eu-west-1.amazonaws.com/000000000000/${name}` });
const wrongKey = { credentials: { ...aws.credentials, secret_access_key: 'not-the-secret' } };
const integrations = [
  { org: 'com.acme', id: 'acme-buildings', filter, key, destination: { ...aws, stream: 'acme-building-events' } },
  { org: 'com.contoso', id: 'contoso-alarms', filter, key, destination: queue('contoso-alarms.fifo') },
  {
    org: 'com.fabrikam',
    id: 'fabrikam-event-hubs',
    filter,
    key,
    destination: {
      type: 'event_hubs',
      connection_string:
        'Endpoint=sb://sluice-sandbox.servicebus.windows.net/;SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=c2x1aWNlLXNhbmRib3gtbWFuYWdlLWtleS1wdWJsaWM=',
      endpoint: await far.place.listener('event_hubs_kafka'),
    },
  },
  {
    org: 'com.globex',
    id: 'globex-pubsub',
    filter,
    key,
    destination: { type: 'pubsub', project: 'sluice-sandbox', endpoint: await far.place.listener('pubsub_grpc') },
  },
  { org: 'com.initech', id: 'initech-readings', filter, key, destination: { ...aws, stream: 'initech-readings', ...wrongKey } },
  { org: 'com.northwind', id: 'northwind-webhook', filter, key, destination: { type: 'webhook', url: `${hook.url}/sluice` } },
  { org: 'com.tailspin', id: 'tailspin-archive', filter, key, destination: queue('tailspin-archive') },
];
for (const stream of ['acme-building-events', 'initech-readings']) await far.make('kinesis', stream);
for (const name of ['contoso-alarms.fifo', 'tailspin-archive']) await far.make('sqs', name);
const node = await sluice({ integrations: integrations.map((each) => ({ ...each, orgs: ['**'] })) });
const building = spawn(BINARY, ['simulate', '--url', node.pages.slice(0, -1), '--rate', '40', '--seed', '7'], {
  stdio: 'ignore',
  env: { ...process.env, SLUICE_ADMIN_TOKEN: TOKEN, SLUICE_TOKEN: TOKEN },
});

async function take(name, address, options, ready) {
  const { page, close } = await browser(options);
  await node.signIn(page);
  await page.evaluate((hash) => (location.hash = hash), address);
  await ready(page);
  await page.mouse.move(0, 0);
  await page.screenshot({ path: `${folder}/${name}.png` });
  await close();
}

/** *New integration* with an access key recognised, the payload shown and the test passed. */
async function setUp(page) {
  await page.getByText('Kinesis Data Streams', { exact: true }).click();
  const { access_key_id, secret_access_key } = aws.credentials;
  await page.getByLabel('Paste here').fill(`Access key ID,Secret access key\n${access_key_id},${secret_access_key}`);
  await page.getByText('Recognised:').waitFor();
  await page.getByLabel('Stream', { exact: true }).fill('acme-building-events');
  await page.getByLabel('Region', { exact: true }).fill('eu-west-1');
  await page.getByText('More connection settings').click();
  await page.getByLabel('Endpoint', { exact: true }).fill(far.place.url);
  await page.getByText('More connection settings').click();
  await page.getByLabel('recTypes').fill('io.microshare.*.unpacked.**');
  await page.getByLabel('origin.tokendata').check();
  await page.getByText('The settings are complete.').waitFor();
  await page.getByRole('button', { name: 'Test', exact: true }).click();
  await page.getByText('The test passed.').waitFor();
  await page.getByLabel('The body that would be sent', { exact: true }).waitFor();
  await page.evaluate(() => window.scrollTo(0, 0));
}

const size = { viewport: { width: 1200, height: 800 } };
try {
  await node.api('POST', '/v1/integrations/tailspin-archive/pause');
  await waitUntil(async () => (await node.api('GET', '/v1/integrations/northwind-webhook')).stats.dead_lettered > 0, 'there is a dead letter', 120);
  await take('overview', '/', size, (page) => page.waitForTimeout(WATCHED_MS));
  await take('integrations-dark', '/integrations', { ...size, colorScheme: 'dark' }, (page) => page.getByText('7 integrations').waitFor());
  await take('integration', '/integrations/northwind-webhook', { viewport: { width: 1200, height: 1000 } }, (page) =>
    page.getByRole('button', { name: /^Redeliver all/ }).waitFor(),
  );
  await take('phone', '/integrations/initech-readings', { viewport: { width: 390, height: 780 } }, (page) =>
    page.getByText('What to do:').first().waitFor(),
  );
  await take('new-integration', '/integrations/new', { viewport: { width: 1280, height: 1240 } }, setUp);
  await take('new-integration-dark', '/integrations/new', { viewport: { width: 1280, height: 1000 }, colorScheme: 'dark' }, async (page) => {
    await setUp(page);
    await page.getByRole('heading', { name: 'What is sent' }).scrollIntoViewIfNeeded();
    await page.evaluate(() => document.querySelector('#step-4').scrollIntoView());
  });
  await take('new-integration-phone', '/integrations/new', { viewport: { width: 390, height: 844 } }, setUp);
} finally {
  building.kill();
  node.stop();
  far.stop();
}
