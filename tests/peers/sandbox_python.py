"""AWS's client for Python against the sandbox, over TLS: what it puts it reads back, and errors come as the errors it knows."""

import datetime
import os

from aws_kinesis_agg.aggregator import RecordAggregator
from botocore.exceptions import ClientError, ConnectionClosedError

from peers import Sandbox, check, client, read_queue, read_stream, shard_of


def error_of(action, *arguments, **named):
    try:
        action(*arguments, **named)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def expect(code, action, *arguments, **named):
    got = error_of(action, *arguments, **named)
    check(got == code, f"{code} was expected of {action.__name__}, got {got}")


sandbox = Sandbox(tls=True)


def aws(service, **more):
    return client(service, sandbox.url, verify=sandbox.ca_file, **more)


def kinesis_puts_and_reads_back():
    kinesis = aws("kinesis")
    kinesis.create_stream(StreamName="events", ShardCount=3)
    kinesis.get_waiter("stream_exists").wait(StreamName="events", WaiterConfig={"Delay": 1, "MaxAttempts": 10})
    sent = [(f"key-{i % 17}", os.urandom(i * 11 % 900) + str(i).encode()) for i in range(1200)]
    answered = []
    for start in range(0, len(sent), 500):
        answer = kinesis.put_records(
            StreamName="events",
            Records=[{"PartitionKey": key, "Data": data} for key, data in sent[start : start + 500]],
        )
        check(answer["FailedRecordCount"] == 0, f"failed records: {answer}")
        answered += answer["Records"]
    shard = shard_of(kinesis, "events")
    for (key, _), place in zip(sent, answered):
        check(place["ShardId"] == shard(key), f"{key} went to {place['ShardId']}, its hash belongs to {shard(key)}")
    read = read_stream(kinesis, "events")
    check(len(read) == len(sent), f"{len(read)} of {len(sent)} records read back")
    for key in {key for key, _ in sent}:
        check(
            [data for _, k, data in read if k == key] == [data for k, data in sent if k == key],
            f"{key}: order or bytes differ",
        )
    one = kinesis.put_record(StreamName="events", PartitionKey="k", Data=b"one")
    check(len(one["SequenceNumber"]) == 56, f"put_record: {one}")
    later = kinesis.get_shard_iterator(
        StreamName="events",
        ShardId=one["ShardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        StartingSequenceNumber=one["SequenceNumber"],
    )["ShardIterator"]
    check(kinesis.get_records(ShardIterator=later)["Records"][0]["Data"] == b"one", "AT_SEQUENCE_NUMBER")
    summary = kinesis.describe_stream_summary(StreamName="events")["StreamDescriptionSummary"]
    check(summary["OpenShardCount"] == 3 and summary["MaxRecordSizeInKiB"] == 1024, f"summary: {summary}")
    check(isinstance(summary["StreamCreationTimestamp"], datetime.datetime), "creation time")


def kinesis_tells_errors_that_the_client_knows():
    kinesis = aws("kinesis")
    record = {"PartitionKey": "k", "Data": b"x"}
    kinesis.create_stream(StreamName="gone", ShardCount=1)
    kinesis.delete_stream(StreamName="gone")
    expect("ResourceNotFoundException", kinesis.put_records, StreamName="gone", Records=[record])
    expect("ResourceInUseException", kinesis.create_stream, StreamName="events", ShardCount=1)
    expect(
        "InvalidArgumentException",
        kinesis.put_records,
        StreamName="events",
        Records=[{"PartitionKey": "k", "Data": bytes(1 << 20)}],
    )
    expect("ValidationException", kinesis.put_records, StreamName="events", Records=[record] * 501)
    expect(
        "InvalidSignatureException", aws("kinesis", secret="wrong").put_records, StreamName="events", Records=[record]
    )
    expect(
        "UnrecognizedClientException",
        aws("kinesis", key="AKIAUNKNOWN").put_records,
        StreamName="events",
        Records=[record],
    )
    sandbox.faults(
        {"service": "kinesis", "action": "fail_record", "record": 1, "count": 1},
        {"service": "kinesis", "action": "throttle", "key": "^slow$"},
    )
    answer = kinesis.put_records(
        StreamName="events", Records=[{"PartitionKey": key, "Data": b"x"} for key in ("a", "b", "slow", "c")]
    )
    check(answer["FailedRecordCount"] == 2, f"partial failure: {answer}")
    check(
        [record.get("ErrorCode") for record in answer["Records"]]
        == [None, "InternalFailure", "ProvisionedThroughputExceededException", None],
        f"partial failure: {answer}",
    )
    sandbox.faults({"action": "reset_after", "count": 1})
    try:
        kinesis.put_record(StreamName="events", PartitionKey="k", Data=b"x")
        check(False, "an answer came over a connection that was to be closed")
    except ConnectionClosedError:
        pass
    # With its usual attempts the client gets over every one of these by itself, its clock included.
    patient = aws("kinesis", attempts=4)
    for fault in (
        {"action": "http_500", "count": 2},
        {"action": "throttle_request", "count": 2},
        {"action": "reset_before", "count": 1},
    ):
        sandbox.faults(fault)
        patient.put_record(StreamName="events", PartitionKey="k", Data=b"x")
    sandbox.faults()


def kinesis_shows_aggregated_records_apart():
    aggregator = RecordAggregator()
    sent = [(f"key-{i}", f"record {i} ☃") for i in range(20)]
    for key, data in sent:
        aggregator.add_user_record(key, data.encode())
    key, _, data = aggregator.clear_and_get().get_contents()
    sandbox.clear()
    aws("kinesis").put_record(StreamName="events", PartitionKey=key, Data=data)
    (item,) = sandbox.received()
    check(
        [(record["key"], record["body"]) for record in item["records"]] == sent, f"aggregated by AWS, shown as {item}"
    )


def sqs_standard():
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="standard", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    check(sqs.get_queue_url(QueueName="standard")["QueueUrl"] == url, "GetQueueUrl")
    attribute = {
        "kind": {"DataType": "String.label", "StringValue": "é"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    # The client checks the digests of bodies and attributes in every answer.
    sqs.send_message(QueueUrl=url, MessageBody="first ☃", MessageAttributes=attribute)
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": f"e{i}", "MessageBody": f"body {i}"} for i in range(10)])
    received = read_queue(sqs, url, 11)
    check(
        sorted(message["Body"] for message in received) == sorted(["first ☃"] + [f"body {i}" for i in range(10)]),
        "bodies",
    )
    first = next(message for message in received if message["Body"] == "first ☃")
    check(first["MessageAttributes"]["raw"]["BinaryValue"] == b"\x00\xff", f"attributes: {first}")
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    check(
        attributes["ApproximateNumberOfMessages"] == "0" and attributes["MaximumMessageSize"] == "1048576",
        f"{attributes}",
    )


def sqs_fifo():
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="ordered.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    sent = [(f"group-{i % 4}", f"message {i}") for i in range(60)]
    for attempt in range(2):  # the second is a repetition, which leaves nothing behind
        for start in range(0, len(sent), 10):
            answer = sqs.send_message_batch(
                QueueUrl=url,
                Entries=[
                    {
                        "Id": str(i),
                        "MessageBody": body,
                        "MessageGroupId": group,
                        "MessageDeduplicationId": body.replace(" ", "-"),
                    }
                    for i, (group, body) in enumerate(sent[start : start + 10])
                ],
            )
            check(len(answer["Successful"]) == 10, f"{answer}")
            numbers = [
                entry["SequenceNumber"] for entry in sorted(answer["Successful"], key=lambda entry: int(entry["Id"]))
            ]
            check(numbers == sorted(numbers) and len(numbers[0]) == 20, f"sequence numbers: {numbers}")
    received = read_queue(sqs, url, len(sent))
    check(len(received) == len(sent), f"{len(received)} messages of {len(sent)}")
    for group in {group for group, _ in sent}:
        order = [message["Body"] for message in received if message["Attributes"]["MessageGroupId"] == group]
        check(order == [body for g, body in sent if g == group], f"{group} out of order: {order}")


def sqs_tells_errors_that_the_client_knows():
    sqs = aws("sqs")
    url = sqs.create_queue(QueueName="errors", Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    gone = sqs.create_queue(QueueName="gone")["QueueUrl"]
    sqs.delete_queue(QueueUrl=gone)
    expect("AWS.SimpleQueueService.NonExistentQueue", sqs.send_message, QueueUrl=gone, MessageBody="x")
    expect("QueueAlreadyExists", sqs.create_queue, QueueName="errors", Attributes={"MaximumMessageSize": "2048"})
    expect("InvalidParameterValue", sqs.send_message, QueueUrl=url, MessageBody="x" * 1025)
    expect(
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
        sqs.send_message_batch,
        QueueUrl=url,
        Entries=[{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "y"}],
    )
    expect("SignatureDoesNotMatch", aws("sqs", secret="wrong").send_message, QueueUrl=url, MessageBody="x")
    expect("InvalidClientTokenId", aws("sqs", key="AKIAUNKNOWN").send_message, QueueUrl=url, MessageBody="x")
    answer = sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": "bad", "MessageBody": "\u0001"}, {"Id": "good", "MessageBody": "x"}]
    )
    check([entry["Id"] for entry in answer["Successful"]] == ["good"], f"{answer}")
    check(answer["Failed"][0]["Code"] == "InvalidMessageContents" and answer["Failed"][0]["SenderFault"], f"{answer}")


def roles():
    role = "arn:aws:iam::000000000000:role/writer"
    given = aws("sts").assume_role(RoleArn=role, RoleSessionName="peer", DurationSeconds=900)["Credentials"]
    session = dict(key=given["AccessKeyId"], secret=given["SecretAccessKey"], token=given["SessionToken"])
    aws("kinesis", **session).put_record(StreamName="events", PartitionKey="k", Data=b"by role")
    check("assumed-role/writer/peer" in aws("sts", **session).get_caller_identity()["Arn"], "caller identity")
    expect("UnrecognizedClientException", aws("kinesis", **(session | {"token": "wrong"})).list_streams)
    sandbox.faults({"action": "expired_token", "count": 1})
    expect("ExpiredTokenException", aws("kinesis", **session).list_streams)
    expect("SignatureDoesNotMatch", aws("sts", secret="wrong").get_caller_identity)


for proof in (
    kinesis_puts_and_reads_back,
    kinesis_tells_errors_that_the_client_knows,
    kinesis_shows_aggregated_records_apart,
    sqs_standard,
    sqs_fifo,
    sqs_tells_errors_that_the_client_knows,
    roles,
):
    proof()
    print(f"ok: {proof.__name__}", flush=True)
