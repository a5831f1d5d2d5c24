export const DESTINATION_NAMES: Record<string, string> = {
  iot_hub: 'Azure IoT Hub',
  event_hubs: 'Azure Event Hubs',
  kinesis: 'AWS Kinesis Data Streams',
  sqs: 'AWS SQS',
  pubsub: 'Google Pub/Sub',
  webhook: 'Webhook',
  file: 'File',
};

export const destinationName = (type: string) => DESTINATION_NAMES[type] ?? type;
