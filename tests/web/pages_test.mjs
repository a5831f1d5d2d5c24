// Every page: loads without an error and without asking another host, is accessible in light and dark, fits a phone, and can be reached
// and used with the keyboard alone.
import assert from 'node:assert/strict';
import { inaccessible, widerBy } from './accessibility.mjs';
import { browser, demo, TOKEN } from './programs.mjs';

const MAX_FIRST_VIEW_BYTES = 300 * 1024;

/** Its address, its heading, and a text that shows that it has what it shows. */
const PAGES = [
  ['/', 'Overview', 'Integrations by state'],
  ['/integrations', 'Integrations', 'to-kinesis'],
  ['/integrations/to-kinesis', 'to-kinesis', 'matched, each accounted for'],
  ['/integrations/new', 'New integration', 'Where the events go'],
  ['/integrations/made-here/edit', 'Edit made-here', 'The settings are complete.'],
  ['/integrations/nobody', 'nobody', 'There is no such integration.'],
  ['/tail', 'Live tail', 'Events as they are stored'],
  ['/tokens', 'Tokens', 'New token'],
  ['/orgs', 'Orgs', 'New org'],
  ['/audit', 'Audit log', 'Who changed what'],
  ['/nowhere', 'No such page', 'Go to the overview'],
];

async function open(page, [address, heading, text]) {
  await page.evaluate((hash) => (location.hash = hash), address);
  await page.getByRole('heading', { name: heading, level: 1 }).waitFor();
  await page.getByText(text).first().waitFor();
}

async function firstView(node) {
  const { page, close } = await browser();
  const sizes = [];
  const whole = [];
  page.on('response', (answer) => {
    if (!new URL(answer.url()).pathname.startsWith('/v1'))
      whole.push(answer.request().sizes().then(({ responseBodySize }) => sizes.push([answer.url(), responseBodySize])));
  });
  await node.signIn(page);
  await page.getByText('Integrations by state').waitFor();
  await Promise.all(whole);
  const total = sizes.reduce((sum, [, size]) => sum + size, 0);
  assert(sizes.length >= 3, 'page, style and script were counted');
  assert(total < MAX_FIRST_VIEW_BYTES, `the first view takes ${total} bytes: ${JSON.stringify(sizes)}`);
  await close();
  console.log(`the first view takes ${(total / 1024).toFixed(0)} KiB`);
}

async function signIn(node) {
  const { page, refused, close } = await browser();
  refused.add('401');
  await page.goto(node.pages);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('Paste a token.').waitFor();
  await page.getByLabel('Token').fill('no-such-token');
  await page.keyboard.press('Enter');
  await page.getByText('This token is not known here').waitFor();
  assert.deepEqual(await inaccessible(page), []);
  await page.getByLabel('Token').fill(TOKEN);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  assert.equal(await page.evaluate(() => JSON.stringify({ ...localStorage })), '{}', 'the token is in no lasting storage');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to Sluice' }).waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0, 'signing out forgets the token');
  await close();
  console.log('signs in and out');
}

async function everyPage(node, what, options) {
  const { page, refused, close } = await browser(options);
  refused.add('/v1/integrations/nobody');
  await node.signIn(page);
  for (const each of PAGES) {
    await open(page, each);
    assert.deepEqual(await inaccessible(page), [], `${each[0]}, ${what}`);
    assert.equal(await widerBy(page), 0, `${each[0]}, ${what}: the page can be scrolled sideways`);
  }
  await close();
  console.log(`${PAGES.length} pages, ${what}`);
}

async function byKeyboard(node) {
  const { page, close } = await browser();
  const key = async (...keys) => {
    for (const each of keys) await page.keyboard.press(each);
  };
  const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);
  const tabTo = async (name) => {
    for (let presses = 0; presses < 60; presses++) {
      await key('Tab');
      if ((await focused())?.trim() === name) return;
    }
    assert.fail(`${name} cannot be reached with Tab`);
  };
  await page.goto(node.pages);
  await page.getByLabel('Token').waitFor();
  await page.keyboard.insertText(TOKEN);
  await key('Enter');
  await page.getByRole('heading', { name: 'Overview' }).waitFor();
  await tabTo('Integrations');
  await key('Enter');
  await page.getByRole('heading', { name: 'Integrations', level: 1 }).waitFor();
  assert.equal(await focused(), 'Integrations', 'the new page’s heading has the focus');
  await tabTo('to-kinesis');
  await key('Enter');
  await page.getByRole('heading', { name: 'to-kinesis' }).waitFor();
  await tabTo('Test');
  await key('Enter');
  await page.getByText('Everything works.').waitFor();
  for (let presses = 0; presses < 12; presses++) {
    await key('Tab');
    const isInside = await page.evaluate(
      () => document.activeElement === document.body || document.querySelector('dialog').contains(document.activeElement),
    );
    assert(isInside, 'the focus stays in the dialog');
  }
  await key('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  assert.equal(await focused(), 'Test', 'the focus is back where it was');
  await key('Shift+Tab', 'Shift+Tab');
  await tabTo('Pause');
  await key('Enter');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).press('Enter');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await close();
  console.log('with the keyboard alone');
}

const { node, stop } = await demo();
try {
  await firstView(node);
  await signIn(node);
  await everyPage(node, 'light', { colorScheme: 'light' });
  await everyPage(node, 'dark', { colorScheme: 'dark' });
  await everyPage(node, 'on a phone', { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  await byKeyboard(node);
} finally {
  stop();
}
