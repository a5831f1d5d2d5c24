// The one table of destinations that the page offers: what each is called, what to paste and where its console shows it,
// and what is left to fill in. What a pasted text is and whether settings are right is Sluice's to say, not this table's.

export interface Paste {
  what: string;
  /** The way through that cloud's console, in its own words. */
  where: string;
}

export interface Extra {
  /** Within the settings: `destination.region`. */
  path: string;
  label: string;
  hint: string;
  placeholder?: string;
  secret?: boolean;
  options?: { value: string; label: string }[];
  /** Not asked for while this other member is there. */
  unless?: string;
}

export interface Cloud {
  type: string;
  name: string;
  vendor: string;
  summary: string;
  paste: Paste[];
  extras: Extra[];
  /** Seldom needed. */
  more: Extra[];
  /** What becomes of the key there. */
  order: string;
}

const ENDPOINT: Extra = {
  path: 'destination.endpoint',
  label: 'Endpoint',
  hint: 'Only for an emulator, a private link or the sandbox: scheme, host and port in place of the service’s own.',
  placeholder: 'https://…',
};

const ACCESS_KEY: Paste = {
  what: 'The access key’s CSV',
  where:
    'AWS console → IAM → Users → the user → Security credentials → Create access key → Download .csv file. Paste all of the file’s text. The file from “Console sign-in” is another one: it has a password and no key.',
};

export const CLOUDS: Cloud[] = [
  {
    type: 'kinesis',
    name: 'Kinesis Data Streams',
    vendor: 'AWS',
    summary: 'Each event is a record of your stream.',
    paste: [
      ACCESS_KEY,
      {
        what: 'The stream’s ARN',
        where:
          'AWS console → Kinesis → Data streams → the stream → Details → ARN. Or fill in its name and region below.',
      },
    ],
    extras: [
      {
        path: 'destination.stream',
        label: 'Stream',
        hint: 'The data stream’s name. {recType} gives each recType a stream of its own.',
        placeholder: 'building-events',
        unless: 'destination.stream_arn',
      },
      {
        path: 'destination.region',
        label: 'Region',
        hint: 'At the top right of the console, and in its address: eu-west-1.',
        placeholder: 'eu-west-1',
        unless: 'destination.stream_arn',
      },
    ],
    more: [ENDPOINT],
    order: 'The key is the record’s partition key: one key’s records stay in one shard, in order.',
  },
  {
    type: 'sqs',
    name: 'SQS',
    vendor: 'AWS',
    summary: 'Each event is a message in your queue, standard or FIFO.',
    paste: [
      ACCESS_KEY,
      {
        what: 'The queue’s URL',
        where:
          'AWS console → Amazon SQS → Queues → the queue → Details → URL (not the ARN, not the browser’s address).',
      },
    ],
    extras: [
      {
        path: 'destination.queue_url',
        label: 'Queue URL',
        hint: 'https://sqs.REGION.amazonaws.com/ACCOUNT/NAME; a FIFO queue’s name ends in .fifo.',
        placeholder: 'https://sqs.eu-west-1.amazonaws.com/123456789012/building-events',
      },
    ],
    more: [
      {
        path: 'destination.region',
        label: 'Region',
        hint: 'Only when the URL does not name it.',
        placeholder: 'eu-west-1',
      },
      ENDPOINT,
    ],
    order: 'On a FIFO queue the key is the message group. A standard queue promises no order to its consumers.',
  },
  {
    type: 'event_hubs',
    name: 'Event Hubs',
    vendor: 'Azure',
    summary: 'Each event is an event of your hub, or of a hub per recType.',
    paste: [
      {
        what: 'Connection string–primary key',
        where:
          'Azure portal → Event Hubs namespace → Settings → Shared access policies → a policy → Connection string–primary key. A policy with Manage lets Sluice create an event hub per recType; Send is enough for one that exists.',
      },
    ],
    extras: [
      {
        path: 'destination.hub',
        label: 'Event hub (optional)',
        hint: 'One hub for all events. Left empty: the one the string names, else one for each recType, created when it is missing.',
        placeholder: 'building-events',
      },
    ],
    more: [
      {
        path: 'destination.protocol',
        label: 'Protocol',
        hint: 'Kafka is fastest, on port 9093. HTTPS goes through proxies and firewalls that let only 443 pass.',
        options: [
          { value: '', label: 'Kafka (default)' },
          { value: 'https', label: 'HTTPS' },
        ],
      },
      ENDPOINT,
    ],
    order: 'The key is the event’s partition key: one key’s events stay in one partition, in order.',
  },
  {
    type: 'iot_hub',
    name: 'IoT Hub',
    vendor: 'Azure',
    summary: 'Each event is a telemetry message of a device.',
    paste: [
      {
        what: 'A device’s Primary connection string',
        where:
          'Azure portal → IoT Hub → Device management → Devices → the device → Primary connection string. Not the hub’s own from “Shared access policies”: Sluice sends as a device.',
      },
    ],
    extras: [],
    more: [
      {
        path: 'destination.transport',
        label: 'Transport',
        hint: 'MQTT keeps order and is fastest, on port 8883. HTTPS needs only 443.',
        options: [
          { value: '', label: 'MQTT (default)' },
          { value: 'https', label: 'HTTPS' },
        ],
      },
      ENDPOINT,
    ],
    order: 'A device’s messages arrive in the order they were sent.',
  },
  {
    type: 'pubsub',
    name: 'Pub/Sub',
    vendor: 'Google Cloud',
    summary: 'Each event is a message of your topic, or of a topic per recType.',
    paste: [
      {
        what: 'The service account’s key, a .json file',
        where:
          'Google Cloud console → IAM & Admin → Service Accounts → the account → Keys → Add key → Create new key → JSON. Paste all of the file that it downloads. Pub/Sub Publisher is enough for topics that exist; Pub/Sub Editor lets Sluice create them.',
      },
    ],
    extras: [
      {
        path: 'destination.topic',
        label: 'Topic (optional)',
        hint: 'One topic for all events, by its ID. Left empty: one for each recType, created when it is missing.',
        placeholder: 'building-events',
      },
    ],
    more: [
      {
        path: 'destination.project',
        label: 'Project ID',
        hint: 'Only when the topics are in another project than the service account.',
        placeholder: 'my-project-123',
      },
      ENDPOINT,
    ],
    order: 'The key is the message’s ordering key; a subscription with message ordering enabled keeps it.',
  },
  {
    type: 'webhook',
    name: 'Webhook',
    vendor: 'Your own',
    summary: 'Each event is a POST to your address, signed if you like.',
    paste: [
      { what: 'The receiver’s address', where: 'An https:// address of yours that answers 2xx to what it takes.' },
    ],
    extras: [
      {
        path: 'destination.url',
        label: 'Address',
        hint: 'https://… Sluice posts one event at a time to it.',
        placeholder: 'https://example.com/events',
      },
      {
        path: 'destination.secret',
        label: 'Signing secret (optional)',
        hint: 'Requests are signed with it as Standard Webhooks does (webhook-signature). It is not shown again.',
        secret: true,
      },
    ],
    more: [ENDPOINT],
    order: 'One key’s events are posted one after the other.',
  },
];

export const cloudOf = (type: string) => CLOUDS.find((cloud) => cloud.type === type);

export const KEYS = [
  { value: '{id}', label: 'Each object', hint: 'Changes of one object arrive in order.' },
  {
    value: '{obj.data.device.id|id}',
    label: 'Each device',
    hint: 'Readings are objects of their own: this keeps one device’s readings in order, by data.device.id.',
  },
  { value: '{recType}', label: 'Each recType', hint: 'Everything of one recType in order, which is slower.' },
];

export const PAYLOADS = [
  { value: 'envelope', label: 'Envelope', hint: 'event_type, id, obj, obj_type, recType, source: as documented.' },
  { value: 'object', label: 'Object', hint: 'Only obj, as the Share API returns it.' },
  { value: 'data', label: 'Data', hint: 'Only what was sent in: obj.data.' },
  { value: 'cloudevents', label: 'CloudEvents', hint: 'CloudEvents 1.0, structured JSON, around the envelope.' },
];
