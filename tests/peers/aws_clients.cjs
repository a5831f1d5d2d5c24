// What AWS's own JavaScript clients make of the sandbox: puts and reads back, errors by their class.
const assert = require('node:assert/strict')
const { NodeHttpHandler } = require('@smithy/node-http-handler')
const kinesisSdk = require('@aws-sdk/client-kinesis')
const sqsSdk = require('@aws-sdk/client-sqs')
const stsSdk = require('@aws-sdk/client-sts')

const endpoint = process.env.SANDBOX_URL
// The Kinesis client would speak HTTP/2, which the sandbox does not.
const common = { endpoint, maxAttempts: 1, requestHandler: new NodeHttpHandler() }
const kinesis = new kinesisSdk.KinesisClient(common)
const sqs = new sqsSdk.SQSClient(common)

async function setFaults(...rules) {
  const answer = await fetch(`${endpoint}/_sandbox/faults`, { method: 'PUT', body: JSON.stringify(rules) })
  assert.equal(answer.status, 200, await answer.text())
}

async function readStream(StreamName) {
  const records = []
  const { Shards } = await kinesis.send(new kinesisSdk.ListShardsCommand({ StreamName }))
  for (const { ShardId } of Shards) {
    let { ShardIterator } = await kinesis.send(
      new kinesisSdk.GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    )
    for (;;) {
      const page = await kinesis.send(new kinesisSdk.GetRecordsCommand({ ShardIterator, Limit: 300 }))
      if (page.Records.length === 0) break
      records.push(...page.Records)
      ShardIterator = page.NextShardIterator
    }
  }
  return records
}

async function kinesisPutsAndReadsBack() {
  const StreamName = 'events'
  await kinesis.send(new kinesisSdk.CreateStreamCommand({ StreamName, ShardCount: 2 }))
  await kinesisSdk.waitUntilStreamExists({ client: kinesis, minDelay: 1, maxWaitTime: 10 }, { StreamName })
  const sent = Array.from({ length: 500 }, (_, i) => ({
    PartitionKey: `ключ-${i % 13}`,
    Data: Buffer.from(`record ${i} ☃`),
  }))
  const answer = await kinesis.send(new kinesisSdk.PutRecordsCommand({ StreamName, Records: sent }))
  assert.equal(answer.FailedRecordCount, 0)
  const read = await readStream(StreamName)
  assert.equal(read.length, sent.length)
  for (let key = 0; key < 13; key++) {
    const of = (records) =>
      records
        .filter((record) => record.PartitionKey === `ключ-${key}`)
        .map((record) => Buffer.from(record.Data).toString())
    assert.deepEqual(of(read), of(sent))
  }
  assert.ok(read[0].ApproximateArrivalTimestamp instanceof Date)
}

async function kinesisTellsErrors() {
  const put = (client, StreamName, Records = [{ PartitionKey: 'k', Data: Buffer.from('x') }]) =>
    client.send(new kinesisSdk.PutRecordsCommand({ StreamName, Records }))
  await kinesis.send(new kinesisSdk.CreateStreamCommand({ StreamName: 'gone', ShardCount: 1 }))
  await kinesis.send(new kinesisSdk.DeleteStreamCommand({ StreamName: 'gone' }))
  await assert.rejects(put(kinesis, 'gone'), kinesisSdk.ResourceNotFoundException)
  await assert.rejects(
    put(kinesis, 'events', [{ PartitionKey: 'k', Data: Buffer.alloc(1 << 20) }]),
    kinesisSdk.InvalidArgumentException,
  )
  const wrong = new kinesisSdk.KinesisClient({
    ...common,
    credentials: { accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: 'wrong' },
  })
  await assert.rejects(put(wrong, 'events'), { name: 'InvalidSignatureException' })

  await setFaults({ action: 'throttle', record: 0, count: 1 })
  const partial = await put(kinesis, 'events', [
    { PartitionKey: 'k', Data: Buffer.from('1') },
    { PartitionKey: 'k', Data: Buffer.from('2') },
  ])
  assert.equal(partial.FailedRecordCount, 1)
  assert.equal(partial.Records[0].ErrorCode, 'ProvisionedThroughputExceededException')

  // A service whose clock is an hour ahead: the client reads the skew from the Date of the refusal and tries again.
  await setFaults({ action: 'skew', skew: 3600 })
  const patient = new kinesisSdk.KinesisClient({ ...common, maxAttempts: 3 })
  await put(patient, 'events')
  await setFaults()
}

async function sqsSendsAndReceives() {
  const { QueueUrl } = await sqs.send(
    new sqsSdk.CreateQueueCommand({
      QueueName: 'q.fifo',
      Attributes: { FifoQueue: 'true', ContentBasedDeduplication: 'true' },
    }),
  )
  const Entries = Array.from({ length: 10 }, (_, i) => ({
    Id: `e${i}`,
    MessageBody: `message ${i} ☃`,
    MessageGroupId: `g${i % 2}`,
    MessageAttributes: { n: { DataType: 'Number', StringValue: String(i) } },
  }))
  const sent = await sqs.send(new sqsSdk.SendMessageBatchCommand({ QueueUrl, Entries }))
  assert.equal(sent.Successful.length, 10)
  // The client compares the digests of what it receives by itself.
  const { Messages } = await sqs.send(
    new sqsSdk.ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    }),
  )
  assert.deepEqual(
    Messages.map((message) => message.Body),
    Entries.map((entry) => entry.MessageBody),
  )
  assert.equal(Messages[3].MessageAttributes.n.StringValue, '3')
  assert.equal(Messages[3].Attributes.MessageGroupId, 'g1')

  await sqs.send(new sqsSdk.DeleteQueueCommand({ QueueUrl }))
  await assert.rejects(
    sqs.send(new sqsSdk.SendMessageCommand({ QueueUrl, MessageBody: 'x', MessageGroupId: 'g' })),
    sqsSdk.QueueDoesNotExist,
  )
  await assert.rejects(
    sqs.send(new sqsSdk.SendMessageBatchCommand({ QueueUrl: `${endpoint}/000000000000/other`, Entries: [] })),
    sqsSdk.EmptyBatchRequest,
  )
}

async function roleSessions() {
  const sts = new stsSdk.STSClient(common)
  const { Credentials } = await sts.send(
    new stsSdk.AssumeRoleCommand({ RoleArn: 'arn:aws:iam::000000000000:role/r', RoleSessionName: 'js' }),
  )
  const session = new kinesisSdk.KinesisClient({
    ...common,
    credentials: {
      accessKeyId: Credentials.AccessKeyId,
      secretAccessKey: Credentials.SecretAccessKey,
      sessionToken: Credentials.SessionToken,
    },
  })
  await session.send(
    new kinesisSdk.PutRecordCommand({ StreamName: 'events', PartitionKey: 'k', Data: Buffer.from('by role') }),
  )
}

async function main() {
  for (const proof of [kinesisPutsAndReadsBack, kinesisTellsErrors, sqsSendsAndReceives, roleSessions]) {
    await proof()
    console.log(`ok: ${proof.name} on ${endpoint.split(':')[0]}`)
  }
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})
