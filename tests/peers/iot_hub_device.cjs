// What Microsoft's own device client makes of the sandbox's IoT Hub, over MQTT and HTTPS, and its service client of the
// registry; their errors by their class.
const assert = require('node:assert/strict')
const crypto = require('node:crypto')
const fs = require('node:fs')
const https = require('node:https')
const { once } = require('node:events')
const { Client, Message, ModuleClient } = require('azure-iot-device')
const { Mqtt } = require('azure-iot-device-mqtt')
const { Http } = require('azure-iot-device-http')
const { Registry } = require('azure-iothub')
const { errors, NoRetry } = require('azure-iot-common')

const sandbox = new URL(process.env.SANDBOX_URL)
const mqttPort = process.env.SANDBOX_MQTT_PORT
const ca = fs.readFileSync(process.env.SANDBOX_CA, 'utf8')
const HOST = 'sluice-sandbox.azure-devices.net'
const GROUP_KEY = Buffer.from('c2x1aWNlL3NhbmRib3graW90LWh1Yi9ncm91cC1rZXk=', 'base64')

const keyOf = (name) => crypto.createHmac('sha256', GROUP_KEY).update(name).digest('base64')
// The client's MQTT port is 8883 unless a gateway is named: that is dialled, and nothing else changes.
const connectionString = (device, key = keyOf(device)) =>
  `HostName=${HOST};DeviceId=${device};SharedAccessKey=${key};GatewayHostName=127.0.0.1:${mqttPort}`

async function mqttClient(device, key) {
  const client = Client.fromConnectionString(connectionString(device, key), Mqtt)
  await client.setOptions({ ca })
  client.setRetryPolicy(new NoRetry())
  return client
}

// Its HTTPS port is fixed: this agent dials the sandbox instead.
class SandboxAgent extends https.Agent {
  createConnection(options, done) {
    return super.createConnection({ ...options, host: sandbox.hostname, port: sandbox.port, servername: 'localhost' }, done)
  }
}
async function httpClient(device, key = keyOf(device)) {
  const client = Client.fromConnectionString(`HostName=${HOST};DeviceId=${device};SharedAccessKey=${key}`, Http)
  const settled = client.setOptions({ ca, http: { agent: new SandboxAgent(), receivePolicy: { interval: 3600 } } })
  await settled
  client.setRetryPolicy(new NoRetry())
  return client
}

function control(path, method = 'GET', body) {
  return new Promise((resolve, reject) => {
    const request = https.request(new URL(`/_sandbox/${path}`, sandbox), { method, ca }, (answer) => {
      let text = ''
      answer.on('data', (data) => (text += data))
      answer.on('end', () => (answer.statusCode < 300 ? resolve(JSON.parse(text)) : reject(new Error(text))))
    })
    request.on('error', reject)
    request.end(body && JSON.stringify(body))
  })
}
async function received(device) {
  const items = []
  for (let since = 0; ; ) {
    const page = await control(`received?target=${encodeURIComponent(device)}&since=${since}`)
    if (page.last === since) return items
    items.push(...page.items)
    since = page.last
  }
}
const setFaults = (...rules) => control('faults', 'PUT', rules)

function message(text, n) {
  const made = new Message(text)
  made.messageId = `m-${n}`
  made.contentType = 'application/json'
  made.contentEncoding = 'utf-8'
  made.properties.add('n', String(n))
  made.properties.add('odd &=/', "é ☃ 100% 'quoted' + $.mid")
  return made
}
function check(item, text, n) {
  assert.equal(item.body, text)
  assert.equal(item.id, `m-${n}`)
  assert.deepEqual(item.attributes.application, { n: String(n), 'odd &=/': "é ☃ 100% 'quoted' + $.mid" })
  assert.equal(item.attributes.system['content-type'], 'application/json')
  assert.equal(item.attributes.system['content-encoding'], 'utf-8')
}

async function mqttSendsInOrderWithProperties() {
  const client = await mqttClient('node-mqtt')
  await client.open()
  const texts = Array.from({ length: 300 }, (_, n) => JSON.stringify({ n, text: 'naïve café ☃', pad: 'x'.repeat(n * 7) }))
  await Promise.all(texts.map((text, n) => client.sendEvent(message(text, n))))
  await client.close()
  const items = await received('node-mqtt')
  assert.equal(items.length, texts.length)
  texts.forEach((text, n) => check(items[n], text, n))
  items.forEach((item, n) => n === 0 || assert.ok(BigInt(item.sequence) > BigInt(items[n - 1].sequence)))
}

async function mqttSubscribesAsAClientDoes() {
  const client = await mqttClient('node-subscribes')
  await client.open()
  client.on('message', () => assert.fail('the sandbox sends no commands'))
  client.onDeviceMethod('reboot', () => assert.fail('the sandbox calls no methods'))
  await client.sendEvent(new Message('after subscribing'))
  assert.equal((await received('node-subscribes')).length, 1)
  await client.close()
}

async function modulesSendAsThemselves() {
  const client = ModuleClient.fromConnectionString(
    `HostName=${HOST};DeviceId=node-edge;ModuleId=meter;SharedAccessKey=${keyOf('node-edge/meter')};GatewayHostName=127.0.0.1:${mqttPort}`,
    Mqtt,
  )
  await client.setOptions({ ca })
  await client.open()
  await client.sendEvent(new Message('from a module'))
  await client.close()
  assert.equal((await received('node-edge/meter'))[0].body, 'from a module')
}

async function mqttTellsErrors() {
  const wrong = await mqttClient('node-wrong', keyOf('another'))
  await assert.rejects(wrong.open(), errors.UnauthorizedError)
  await control('targets/iot_hub/node-gone', 'PUT')
  await control('targets/iot_hub/node-gone', 'DELETE')
  await assert.rejects((await mqttClient('node-gone')).open(), errors.UnauthorizedError)
  await setFaults({ action: 'http_500', operation: 'Connect', count: 1 })
  await assert.rejects((await mqttClient('node-unavailable')).open(), errors.ServiceUnavailableError)
  await setFaults()
  const { targets } = await control('targets')
  assert.match(targets.find((one) => one.name === 'node-wrong').last_disconnect, /not made with a key of the device/)
}

async function aNewerConnectionCutsTheOlderOff() {
  const older = await mqttClient('node-twice')
  await older.open()
  const cutOff = once(older, 'disconnect')
  const newer = await mqttClient('node-twice')
  await newer.open()
  await cutOff
  await newer.sendEvent(new Message('still here'))
  const { targets } = await control('targets')
  assert.match(targets.find((one) => one.name === 'node-twice').last_disconnect, /^400027/)
  await newer.close()
}

async function anExpiredTokenEndsTheConnection() {
  const resource = encodeURIComponent(`${HOST}/devices/node-expires`)
  const expiry = Math.floor(Date.now() / 1000) + 3
  const key = Buffer.from(keyOf('node-expires'), 'base64')
  const signature = crypto.createHmac('sha256', key).update(`${resource}\n${expiry}`).digest('base64')
  const token = `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}`
  const client = Client.fromSharedAccessSignature(token, Mqtt)
  // A client with a ready-made token takes no gateway: its connection is led to the sandbox.
  client._transport._authenticationProvider._credentials.gatewayHostName = `127.0.0.1:${mqttPort}`
  await client.setOptions({ ca })
  client.setRetryPolicy(new NoRetry())
  await client.open()
  const ended = once(client, 'disconnect')
  await client.sendEvent(new Message('in time'))
  await ended
  assert.ok(Date.now() / 1000 >= expiry, 'not before the token had run out')
  const { targets } = await control('targets')
  assert.match(targets.find((one) => one.name === 'node-expires').last_disconnect, /the token has expired/)
}

async function theClientRenewsItsTokens() {
  const client = await mqttClient('node-renews')
  await client.setOptions({ ca, tokenRenewal: { tokenValidTimeInSeconds: 4, tokenRenewalMarginInSeconds: 2 } })
  await client.open()
  const until = Date.now() + 9000
  let sent = 0
  while (Date.now() < until) await client.sendEvent(new Message(String(sent++)))
  await client.close()
  const bodies = (await received('node-renews')).map((item) => Number(item.body))
  assert.deepEqual(
    bodies.filter((n, at) => bodies.indexOf(n) === at),
    Array.from({ length: sent }, (_, n) => n),
  )
}

async function messagesWithoutAnAnswerAreSentAgain() {
  const client = Client.fromConnectionString(connectionString('node-again'), Mqtt)
  await client.setOptions({ ca })
  await client.open()
  await setFaults(
    { action: 'reset_before', operation: 'Publish', target: 'node-again', nth: 2 },
    { action: 'reset_after', operation: 'Publish', target: 'node-again', nth: 5 },
  )
  for (let n = 0; n < 6; n++) await client.sendEvent(new Message(String(n)))
  await setFaults()
  await client.close()
  const bodies = (await received('node-again')).map((item) => item.body)
  assert.deepEqual([...new Set(bodies)], ['0', '1', '2', '3', '4', '5'])
  assert.ok(bodies.length > 6, 'what was accepted without an answer came twice')
}

async function httpSendsOneAndMany() {
  const client = await httpClient('node-https')
  const one = new Message('one ☃')
  one.messageId = 'm-0'
  one.contentType = 'application/json'
  one.contentEncoding = 'utf-8'
  one.properties.add('n', '0')
  await client.sendEvent(one)
  const batch = Array.from({ length: 20 }, (_, n) => new Message(`batched ${n} ☃`))
  batch.forEach((each, n) => each.properties.add('n', String(n)))
  await client.sendEventBatch(batch)
  const items = await received('node-https')
  assert.deepEqual(
    items.map((item) => item.body),
    ['one ☃', ...batch.map((_, n) => `batched ${n} ☃`)],
  )
  assert.deepEqual(items[0].attributes, {
    system: { 'message-id': 'm-0', 'content-type': 'application/json', 'content-encoding': 'utf-8' },
    application: { n: '0' },
  })
  assert.deepEqual(items[20].attributes.application, { n: '19' })
}

async function httpTellsErrors() {
  const send = async (device, key, text = 'x') => (await httpClient(device, key)).sendEvent(new Message(text))
  await assert.rejects(send('node-https', keyOf('another')), errors.UnauthorizedError)
  await assert.rejects(send('node-gone'), errors.DeviceNotFoundError)
  await assert.rejects(send('node-https', undefined, 'x'.repeat(300_000)), errors.MessageTooLargeError)
  await setFaults({ action: 'throttle_request', operation: 'SendMessage', code: '403002', count: 1 })
  await assert.rejects(send('node-https'), errors.IotHubQuotaExceededError)
  await setFaults({ action: 'http_500', operation: 'SendMessage', count: 1 })
  await assert.rejects(send('node-https'), errors.InternalServerError)
  await setFaults({ action: 'http_500', status: 503, operation: 'SendMessage', count: 1 })
  await assert.rejects(send('node-https'), errors.ServiceUnavailableError)
  await setFaults({ action: 'throttle', operation: 'SendMessage', count: 1 })
  await assert.rejects(send('node-https'), (error) => error.response.statusCode === 429)
  await setFaults()
}

async function theServiceClientRegistersDevices() {
  const policyKey = 'c2x1aWNlL3NhbmRib3graW90LWh1Yi9vd25lci1rZXk='
  const open = (key) => {
    const made = Registry.fromConnectionString(
      `HostName=${HOST};SharedAccessKeyName=iothubowner;SharedAccessKey=${key}`,
    )
    made._restApiClient.setOptions({ ca, http: { agent: new SandboxAgent() } }) // it has no option for another port
    return made
  }
  const registry = open(policyKey)
  const own = crypto.randomBytes(32).toString('base64')
  const authentication = { type: 'sas', symmetricKey: { primaryKey: own, secondaryKey: own } }
  const made = (await registry.create({ deviceId: 'node-made', status: 'enabled', authentication })).responseBody
  assert.equal(made.authentication.symmetricKey.primaryKey, own)
  await assert.rejects(registry.create({ deviceId: 'node-made' }), { name: 'DeviceAlreadyExistsError' })
  const client = await mqttClient('node-made', own)
  await client.open()
  assert.equal((await registry.get('node-made')).responseBody.connectionState, 'Connected')
  const cutOff = once(client, 'disconnect')
  await registry.update({ deviceId: 'node-made', status: 'disabled' })
  await cutOff
  assert.equal((await registry.get('node-made')).responseBody.status, 'disabled')
  await registry.delete('node-made')
  await assert.rejects(registry.get('node-made'), { name: 'DeviceNotFoundError' })
  await assert.rejects(open(keyOf('nobody')).get('node-made'), { name: 'UnauthorizedError' })
}

async function main() {
  for (const proof of [
    mqttSendsInOrderWithProperties,
    mqttSubscribesAsAClientDoes,
    modulesSendAsThemselves,
    mqttTellsErrors,
    aNewerConnectionCutsTheOlderOff,
    anExpiredTokenEndsTheConnection,
    theClientRenewsItsTokens,
    messagesWithoutAnAnswerAreSentAgain,
    httpSendsOneAndMany,
    httpTellsErrors,
    theServiceClientRegistersDevices,
  ]) {
    await proof()
    console.log(`ok: ${proof.name}`)
  }
  process.exit(0) // its timers for renewing tokens would keep Node waiting
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
