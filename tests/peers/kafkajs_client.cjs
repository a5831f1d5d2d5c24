// What kafkajs makes of Event Hubs' stand-in: creates, produces plain and packed, reads offsets, errors by their type.
const assert = require('node:assert/strict')
const { Kafka, CompressionTypes, logLevel } = require('kafkajs')

const { KAFKA, SANDBOX_URL, CONNECTION_STRING, SEND_ONLY } = process.env

function client(password) {
  return new Kafka({
    brokers: [KAFKA],
    ssl: true,
    sasl: { mechanism: 'plain', username: '$ConnectionString', password },
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  })
}

async function withProducer(password, action, settings = {}) {
  const producer = client(password).producer({ allowAutoTopicCreation: false, ...settings })
  await producer.connect()
  try {
    return await action(producer)
  } finally {
    await producer.disconnect()
  }
}

async function withAdmin(password, action) {
  const admin = client(password).admin()
  await admin.connect()
  try {
    return await action(admin)
  } finally {
    await admin.disconnect()
  }
}

async function setFaults(...rules) {
  const answer = await fetch(`${SANDBOX_URL}/_sandbox/faults`, { method: 'PUT', body: JSON.stringify(rules) })
  assert.equal(answer.status, 200, await answer.text())
}

const topic = 'by-kafkajs'

async function createsAndProduces() {
  await withAdmin(CONNECTION_STRING, async (admin) => {
    assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] }), true)
    assert.equal(await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] }), false)
  })
  const messages = Array.from({ length: 100 }, (_, i) => ({
    key: `key-${i % 7}`,
    value: `value ${i} ☃`,
    headers: { recType: 'io.example', raw: Buffer.from([0, 255]) },
  }))
  for (const [settings, compression] of [
    [{}, CompressionTypes.None],
    [{}, CompressionTypes.GZIP],
    [{ idempotent: true, maxInFlightRequests: 1, retry: { retries: 3 } }, CompressionTypes.None],
  ]) {
    const answers = await withProducer(
      CONNECTION_STRING,
      (producer) => producer.send({ topic, messages, compression }),
      settings,
    )
    assert.equal(answers.length, 3)
    for (const answer of answers) assert.equal(answer.errorCode, 0)
    // The next round's numbers go on, so that a reader can tell the order of all.
    for (const message of messages) message.value = message.value.replace(/\d+/, (n) => Number(n) + 100)
  }
  const offsets = await withAdmin(CONNECTION_STRING, (admin) => admin.fetchTopicOffsets(topic))
  assert.equal(
    offsets.reduce((sum, { high }) => sum + Number(high), 0),
    300,
  )
  assert.deepEqual(new Set(offsets.map(({ low }) => low)), new Set(['0']))
}

async function tellsErrors() {
  const wrong = CONNECTION_STRING.replace(/SharedAccessKey=.*/, 'SharedAccessKey=d3Jvbmc=')
  await assert.rejects(withProducer(wrong, async () => {}), (error) => {
    const cause = error.cause ?? error
    assert.equal(cause.name, 'KafkaJSSASLAuthenticationError')
    assert.match(cause.message, /InvalidSignature/)
    return true
  })
  await assert.rejects(
    withAdmin(SEND_ONLY, (admin) => admin.createTopics({ topics: [{ topic: 'not-mine' }] })),
    (error) => (error.errors?.[0] ?? error).type === 'TOPIC_AUTHORIZATION_FAILED',
  )
  const message = { topic: 'missing', messages: [{ key: 'k', value: 'v' }] }
  await assert.rejects(
    withProducer(SEND_ONLY, (producer) => producer.send(message)),
    (error) => (error.cause ?? error).type === 'UNKNOWN_TOPIC_OR_PARTITION',
  )
  for (const [rule, type] of [
    [{ action: 'throttle_request' }, 'POLICY_VIOLATION'],
    [{ action: 'fail_record', code: 'REQUEST_TIMED_OUT' }, 'REQUEST_TIMED_OUT'],
  ]) {
    await setFaults({ service: 'event_hubs', operation: 'Produce', ...rule })
    await assert.rejects(
      withProducer(SEND_ONLY, (producer) => producer.send({ ...message, topic })),
      (error) => (error.cause ?? error).type === type,
    )
  }
  await setFaults()
}

async function main() {
  await createsAndProduces()
  await tellsErrors()
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
