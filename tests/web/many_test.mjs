// Ten thousand integrations: the list opens, scrolls to its end, and is filtered, without drawing more than what is in sight.
import assert from 'node:assert/strict';
import { browser, kinesisTo, sluice } from './programs.mjs';

const MANY = 10_000;
const nameOf = (number) => `customer-${String(number).padStart(5, '0')}`;
const rows = (page) => page.locator('.virtual [role=row]');

const place = { url: 'http://127.0.0.1:9' }; // nobody listens there, and nothing is sent: no event matches
const node = await sluice({
  integrations: Array.from({ length: MANY }, (_, number) =>
    kinesisTo(place, nameOf(number), { org: `com.tenant${number % 100}`, filter: { recTypes: [`io.nobody.writes.${number}`] } }),
  ),
});
const { page, close } = await browser();
try {
  await node.signIn(page);
  const begun = Date.now();
  await page.evaluate(() => (location.hash = '/integrations'));
  await page.getByText('10,000 integrations').waitFor();
  await page.getByRole('link', { name: nameOf(0) }).waitFor();
  console.log(`the list is there after ${Date.now() - begun} ms`);
  assert((await rows(page).count()) < 60, 'only what is in sight is drawn');

  const scrolled = Date.now();
  await page.waitForFunction(
    (last) => {
      window.scrollTo(0, document.documentElement.scrollHeight);
      return document.body.innerText.includes(last);
    },
    nameOf(MANY - 1),
    { polling: 30 },
  );
  console.log(`scrolled through all of it in ${Date.now() - scrolled} ms`);
  assert((await rows(page).count()) < 60, 'also at the end');

  await page.evaluate(() => window.scrollTo(0, 0));
  const filtered = Date.now();
  await page.getByLabel('Search').fill('customer-0777');
  await page.getByText('10 integrations found').waitFor();
  await page.getByRole('link', { name: nameOf(7777) }).waitFor();
  console.log(`filtered after ${Date.now() - filtered} ms`);
  assert.match(page.url(), /q=customer-0777/, 'the address has the filter');
  await page.getByLabel('Search').fill('com.tenant42');
  await page.getByText('100 integrations found').waitFor();
  await page.getByLabel('Search').fill('nobody-has-this-name');
  await page.getByText('No integration matches.').waitFor();
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await page.getByText('10,000 integrations').waitFor();
  await page.getByRole('combobox', { name: 'State' }).selectOption('paused');
  await page.getByText('0 integrations found').waitFor();
  await close();
} finally {
  node.stop();
}
