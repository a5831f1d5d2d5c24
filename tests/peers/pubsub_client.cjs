// What Google's own JavaScript client makes of the sandbox: topics, ordering keys, a subscription read back, errors.
const assert = require('node:assert/strict')
const fs = require('node:fs')
const { PubSub } = require('@google-cloud/pubsub')
const grpc = require('@grpc/grpc-js')

const { SANDBOX_URL, SANDBOX_PUBSUB, SANDBOX_CA, SANDBOX_KEY } = process.env
const projectId = 'sluice-sandbox'
const KEYS = 10
const EACH = 50

function connect(keyFile) {
  if (!SANDBOX_KEY) return new PubSub({ projectId }) // PUBSUB_EMULATOR_HOST says where
  const { JWT } = require('google-auth-library')
  const key = JSON.parse(fs.readFileSync(keyFile))
  // As the library does by itself for pubsub.googleapis.com: a JWT signed with the key, no call to a token endpoint.
  const client = new JWT({ email: key.client_email, key: key.private_key, keyId: key.private_key_id })
  const sslCreds = grpc.credentials.combineChannelCredentials(
    grpc.credentials.createSsl(fs.readFileSync(SANDBOX_CA)),
    grpc.credentials.createFromMetadataGenerator((_, callback) => {
      client
        .getRequestHeaders('https://pubsub.googleapis.com/')
        .then((headers) => {
          const metadata = new grpc.Metadata()
          metadata.set('authorization', headers.get ? headers.get('authorization') : headers.Authorization)
          callback(null, metadata)
        })
        .catch(callback)
    }),
  )
  const { hostname, port } = new URL(SANDBOX_PUBSUB)
  return new PubSub({ projectId, apiEndpoint: `${hostname}:${port}`, emulatorMode: false, sslCreds })
}

async function setFaults(...rules) {
  const answer = await fetch(`${SANDBOX_URL}/_sandbox/faults`, { method: 'PUT', body: JSON.stringify(rules) })
  assert.equal(answer.status, 200, await answer.text())
}

async function readsBackInOrder(pubsub) {
  const [topic] = await pubsub.createTopic('javascript')
  const [subscription] = await topic.createSubscription('javascript-readers', { enableMessageOrdering: true })
  const ordered = pubsub.topic('javascript', { messageOrdering: true, batching: { maxMessages: 20 } })
  const published = []
  for (let n = 0; n < EACH; n++)
    for (let key = 0; key < KEYS; key++)
      published.push(
        ordered.publishMessage({ data: Buffer.from(`${n} ☃`), orderingKey: `key-${key}`, attributes: { n: `${n}` } }),
      )
  const ids = await Promise.all(published)
  assert.equal(new Set(ids).size, KEYS * EACH)
  const received = await new Promise((resolve, reject) => {
    const messages = []
    subscription.on('error', reject)
    subscription.on('message', (message) => {
      messages.push(message)
      message.ack()
      if (messages.length === KEYS * EACH) resolve(messages)
    })
  })
  await subscription.close()
  assert.deepEqual(new Set(received.map((message) => message.id)), new Set(ids))
  for (let key = 0; key < KEYS; key++)
    assert.deepEqual(
      received.filter((message) => message.orderingKey === `key-${key}`).map((message) => message.data.toString()),
      Array.from({ length: EACH }, (_, n) => `${n} ☃`),
    )
  assert.equal(received[0].attributes.n, '0')
  assert.ok(received[0].publishTime instanceof Date)
}

async function tellsErrors(pubsub) {
  const rejects = (promise, code, words) =>
    assert.rejects(promise, (error) => {
      assert.equal(error.code, code, `${error}`)
      assert.match(error.message, words)
      return true
    })
  await rejects(pubsub.topic('missing').publishMessage({ data: Buffer.from('x') }), 5, /Resource not found/)
  await rejects(pubsub.createTopic('javascript'), 6, /already exists/)
  await setFaults({ operation: 'Publish', action: 'access_denied', count: 1 })
  await rejects(pubsub.topic('javascript').publishMessage({ data: Buffer.from('x') }), 7, /not authorized/)
  if (SANDBOX_KEY) {
    const key = JSON.parse(fs.readFileSync(SANDBOX_KEY))
    const other = await (await fetch(`${SANDBOX_URL}/_sandbox/credentials/google_publisher.json`)).json()
    const forged = `${SANDBOX_KEY}.forged`
    fs.writeFileSync(forged, JSON.stringify({ ...key, private_key: other.private_key }))
    const forger = connect(forged)
    await rejects(forger.topic('javascript').publishMessage({ data: Buffer.from('x') }), 16, /invalid authentication/)
    await forger.close()
    fs.unlinkSync(forged)
  }
  await setFaults()
}

async function main() {
  const pubsub = connect(SANDBOX_KEY)
  await readsBackInOrder(pubsub)
  await tellsErrors(pubsub)
  await pubsub.close()
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
