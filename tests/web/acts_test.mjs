// What people do: steer an integration, edit its settings while somebody else does, deal with dead letters, watch the live stream, make
// and rotate tokens. Each is seen to have happened at Sluice, not only on the page.
import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { inaccessible } from './accessibility.mjs';
import { browser, demo, receiver, waitUntil } from './programs.mjs';

const heading = (page, name) => page.getByRole('heading', { name, level: 1 }).waitFor();
const go = (page, hash) => page.evaluate((to) => (location.hash = to), hash);
const dialogOf = (page) => page.getByRole('dialog');
const gone = (page) => dialogOf(page).waitFor({ state: 'detached' });
const accessible = async (page, what) => assert.deepEqual(await inaccessible(page), [], what);
const press = (place, name) => place.getByRole('button', { name, exact: true }).click();

async function trouble(page) {
  await go(page, '/integrations/with-wrong-key');
  await heading(page, 'with-wrong-key');
  const notice = page.getByRole('alert').first();
  await notice.getByText('What to do:').waitFor();
  assert.match(await notice.innerText(), /credentials/i);
  await go(page, '/');
  await page.getByRole('region', { name: 'Needs attention' }).getByRole('link', { name: 'with-wrong-key' }).waitFor();
  console.log('says what is wrong, and what to do');
}

async function steer(page, { node }) {
  await go(page, '/integrations/made-here');
  await heading(page, 'made-here');
  await press(page, 'Pause');
  await press(dialogOf(page), 'Pause');
  await page.getByRole('button', { name: 'Resume' }).waitFor();
  assert.equal((await node.api('GET', '/v1/integrations/made-here')).state, 'paused');
  await press(page, 'Resume');
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  assert.equal((await node.api('GET', '/v1/integrations/made-here')).state, 'running');
  await press(page, 'Send a sample');
  await press(dialogOf(page), 'Send it');
  await page.getByText('The destination accepted the sample.').waitFor();
  await press(page, 'Replay');
  await accessible(page, 'the replay dialog');
  await press(dialogOf(page), 'Start the replay');
  await dialogOf(page).getByText('Say where to begin.').waitFor();
  await dialogOf(page).getByLabel('By sequence').check();
  await dialogOf(page).getByLabel('From').fill('999999');
  await press(dialogOf(page), 'Start the replay');
  await dialogOf(page).getByRole('alert').waitFor();
  await dialogOf(page).getByLabel('From').fill('1');
  await press(dialogOf(page), 'Start the replay');
  await gone(page);
  await page.getByText('20 sent again').waitFor();
  assert.equal((await node.api('GET', '/v1/integrations/made-here')).replay.delivered, 20);
  console.log('pauses, resumes, sends a sample, replays');
}

async function edit(page, { node }) {
  const text = dialogOf(page).getByLabel('Settings as JSON');
  const changed = async (from, to) => text.fill((await text.inputValue()).replace(from, to));
  await go(page, '/integrations/made-here');
  await heading(page, 'made-here');
  await press(page, 'Edit as JSON');
  await text.fill('{ oops');
  await press(dialogOf(page), 'Save');
  await dialogOf(page).getByText('This is not valid JSON').waitFor();
  await press(dialogOf(page), 'Cancel');

  await press(page, 'Edit as JSON');
  await accessible(page, 'the settings dialog');
  assert.match(await text.inputValue(), /"\(redacted\)"/);
  await changed('"io.demo.**"', '"io.demo.*"');
  await node.api('PATCH', '/v1/integrations/made-here', { ordering: 'none' });
  await press(dialogOf(page), 'Save');
  await dialogOf(page).getByText('Somebody else changed this integration').waitFor();
  assert.deepEqual((await node.api('GET', '/v1/integrations/made-here')).filter.recTypes, ['io.demo.**'], 'nothing was saved');
  await press(dialogOf(page), 'Take theirs');
  await changed('"io.demo.**"', '"io.demo.*"');
  await press(dialogOf(page), 'Save');
  await gone(page);
  const now = await node.api('GET', '/v1/integrations/made-here');
  assert.deepEqual([now.filter.recTypes, now.ordering], [['io.demo.*'], 'none'], 'both changes are there');
  assert((await node.api('POST', '/v1/integrations/made-here/test')).ok, 'the redacted secret was kept');
  console.log('edits, and loses nobody’s change');
}

async function deadLetters(page, { node }) {
  const peer = await receiver();
  peer.answer(400);
  const destination = { type: 'webhook', url: `${peer.url}/in` };
  await node.api('POST', '/v1/integrations', { id: 'letters', filter: { recTypes: ['io.refused'] }, destination });
  for (const n of [1, 2, 3]) await node.api('POST', '/share/io.refused', { n });
  await waitUntil(async () => (await node.api('GET', '/v1/integrations/letters')).stats.dead_lettered === 3, 'there are dead letters');
  await go(page, '/integrations/letters');
  await page.getByText('3 events refused for good').waitFor();
  await page.getByRole('button', { name: 'Redeliver all 3' }).waitFor();
  await accessible(page, 'dead letters');
  await page.getByLabel('recType').fill('io.other');
  await page.getByText('No dead letter matches.').waitFor();
  await press(page, 'Clear the filters');
  await page.getByRole('button', { name: 'Redeliver all 3' }).click();
  await press(dialogOf(page), 'Redeliver all 3');
  await dialogOf(page).getByText('0 events delivered; 3 dead letters left.').waitFor();
  await press(dialogOf(page).locator('.dialog-foot'), 'Close');
  await page.getByRole('button', { name: /^Show the payload of/ }).first().click();
  await dialogOf(page).getByRole('group', { name: 'What would be sent' }).getByText('"io.refused"').first().waitFor();
  await page.keyboard.press('Escape');
  await gone(page);
  await page.getByRole('checkbox', { name: /^Choose [0-9]/ }).first().check();
  await page.getByRole('button', { name: 'Discard 1 chosen' }).click();
  await press(dialogOf(page), 'Discard 1 chosen');
  await gone(page);
  await page.getByText('2 events refused for good').waitFor();
  peer.answer(204);
  await page.getByRole('button', { name: 'Redeliver all 2' }).click();
  await press(dialogOf(page), 'Redeliver all 2');
  await dialogOf(page).getByText('2 events delivered; 0 dead letters left.').waitFor();
  const { stats } = await node.api('GET', '/v1/integrations/letters');
  assert.deepEqual([stats.dead_lettered, stats.discarded, stats.delivered], [0, 1, 2]);
  assert.equal(peer.bodies.length, 2);
  await press(dialogOf(page).locator('.dialog-foot'), 'Close');
  console.log('filters, redelivers and discards dead letters');
}

async function tail(page, { node }) {
  await go(page, '/tail?recType=io.watched.**');
  await page.getByText('Live', { exact: true }).waitFor();
  await node.place.write('io.other', { unseen: true });
  await node.api('POST', '/share/io.watched.a', { exact: true });
  await page.getByText('io.watched.a').waitFor();
  assert.equal(await page.getByText('io.other').count(), 0, 'the filter holds');
  await page.getByText('io.watched.a').click();
  await page.getByRole('group', { name: /Envelope of event/ }).getByText('"exact"').waitFor();
  await page.getByText('Paused: what happens meanwhile').waitFor();
  await press(page, 'Go on');
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByLabel('recType').fill('not a pattern');
  await page.getByRole('alert').waitFor();
  console.log('follows the live stream');
}

async function tokens(page, { node }) {
  await go(page, '/tokens');
  await heading(page, 'Tokens');
  await press(page, 'New token');
  await accessible(page, 'the new token dialog');
  await press(dialogOf(page), 'Make the token');
  await dialogOf(page).getByText('Give it a name').waitFor();
  await dialogOf(page).getByLabel('Name').fill('of-the-test');
  await press(dialogOf(page), 'Make the token');
  const shown = dialogOf(page).getByRole('group', { name: 'The token’s text' });
  const first = await shown.innerText();
  const status = (token) =>
    fetch(`${node.pages}v1/status`, { headers: { Authorization: `Bearer ${token}` } }).then((answer) => answer.status);
  assert.equal(await status(first), 200, 'it works');
  await press(dialogOf(page), 'I have kept it');
  assert(!(await page.content()).includes(first), 'it is not shown again');
  await press(page, 'Rotate of-the-test');
  await dialogOf(page).getByLabel('The text before').selectOption({ label: 'Not at all: it stops at once' });
  await press(dialogOf(page), 'Rotate');
  const second = await shown.innerText();
  assert.deepEqual([await status(first), await status(second)], [401, 200], 'the new text in place of the old');
  await press(dialogOf(page), 'I have kept it');
  await press(page, 'Revoke of-the-test');
  await press(dialogOf(page), 'Revoke');
  await page.getByText('of-the-test was revoked.').waitFor();
  assert.equal(await status(second), 401);
  await go(page, '/audit');
  await page.getByText('POST /v1/tokens').or(page.getByText('/v1/tokens')).first().waitFor();
  console.log('makes, rotates and revokes a token');
}

/** Somebody of another org, with a token that may only look. */
async function tenant({ node }) {
  const wanted = { name: 'looks-only', org: 'com.tenant', scopes: ['INTEGRATION:READ'] };
  const { token } = await node.api('POST', '/v1/tokens', wanted);
  const { page, refused, close } = await browser();
  for (const expected of ['403', '404']) refused.add(expected);
  await page.goto(node.pages);
  await page.getByLabel('Token').fill(token);
  await press(page, 'Sign in');
  await heading(page, 'Overview');
  await go(page, '/integrations');
  await page.getByText('There is no integration yet.').waitFor();
  await go(page, '/integrations/to-kinesis');
  await page.getByText('There is no such integration.').waitFor();
  await go(page, '/tokens');
  await page.getByText('This token may not see tokens.').waitFor();
  await go(page, '/audit');
  await page.getByText('This token may not read the audit log.').waitFor();
  await go(page, '/tail');
  await page.getByRole('alert').filter({ hasText: 'SHARE:READ' }).waitFor();
  await close();
  console.log('shows a tenant its own org, and says what its token may not');
}

async function signedOut(page, { node }, refused) {
  refused.add('401');
  await page.evaluate(() => sessionStorage.setItem('sluice.session', JSON.stringify({ token: 'revoked-since', org: '' })));
  await page.reload();
  await page.getByText('Your token is no longer accepted').waitFor();
  await node.signIn(page);
  console.log('says why somebody was signed out');
}

async function deleted(page, { node }) {
  await go(page, '/integrations/made-here');
  await heading(page, 'made-here');
  await press(page, 'Delete');
  await press(dialogOf(page), 'Delete');
  await heading(page, 'Integrations');
  await page.getByRole('link', { name: 'made-here' }).waitFor({ state: 'detached' });
  const { items } = await node.api('GET', '/v1/integrations');
  assert(!items.some(({ id }) => id === 'made-here'));
  console.log('deletes');
}

const shown = await demo();
const { page, refused, close } = await browser();
for (const expected of ['412', '400', '422']) refused.add(expected);
try {
  await shown.node.signIn(page);
  await trouble(page);
  await steer(page, shown);
  await edit(page, shown);
  await deadLetters(page, shown);
  await tail(page, shown);
  await tokens(page, shown);
  await tenant(shown);
  await signedOut(page, shown, refused);
  await deleted(page, shown);
  await close();
} catch (failure) {
  await page.screenshot({ path: `${tmpdir()}/sluice-web-failed.png` }).catch(() => {});
  throw failure;
} finally {
  shown.stop();
}
