"""An Apache Kafka broker (KRaft, one node) that looks like an Event Hubs namespace: SASL PLAIN over TLS, user $ConnectionString."""

import subprocess
import tempfile
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from peers import PEERS, Program, check, free_port

OWNER, OWNER_PASSWORD = "owner", "the-owner-of-the-broker"


class KafkaBroker:
    """With topics made by nobody but who asks for it (although the broker would make them when asked for metadata)."""

    def __init__(self, connection_string):
        self.folder = tempfile.TemporaryDirectory(prefix="peer-kafka-")
        self.port, self.controller_port = free_port(), free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.ca_file = f"{self.folder.name}/ca.pem"
        self.properties = Path(self.folder.name) / "server.properties"
        self._make_certificate()
        self._write_properties(connection_string)
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        self._java("kafka.tools.StorageTool", "format", f"--cluster-id={cluster}")  # it may begin with a hyphen
        self.start()

    def _make_certificate(self):
        store = ["-keystore", f"{self.folder.name}/broker.p12", "-storetype", "PKCS12", "-storepass", "password"]
        self._run(
            ["keytool", "-genkeypair", "-alias", "broker", "-keyalg", "EC", "-dname", "CN=localhost", "-validity", "2"]
            + ["-ext", "SAN=dns:localhost,ip:127.0.0.1", *store]
        )
        self._run(["keytool", "-exportcert", "-rfc", "-alias", "broker", "-file", self.ca_file, *store])

    def _write_properties(self, connection_string):
        users = {OWNER: OWNER_PASSWORD, "$ConnectionString": connection_string}
        known = " ".join(f'user_{name}="{password}"' for name, password in users.items())
        module = "org.apache.kafka.common.security.plain.PlainLoginModule required"
        settings = {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "listeners": f"SASL_SSL://{self.address},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"SASL_SSL://{self.address}",
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "SASL_SSL",
            "sasl.enabled.mechanisms": "PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "listener.name.sasl_ssl.plain.sasl.jaas.config": (
                f'{module} username="{OWNER}" password="{OWNER_PASSWORD}" {known};'
            ),
            "ssl.keystore.type": "PKCS12",
            "ssl.keystore.location": f"{self.folder.name}/broker.p12",
            "ssl.keystore.password": "password",
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.ca_file,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:{OWNER};User:ANONYMOUS",
            "auto.create.topics.enable": "true",
            "offsets.topic.replication.factor": 1,
            "group.initial.rebalance.delay.ms": 0,
            "log.dirs": f"{self.folder.name}/data",
        }
        self.properties.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    @staticmethod
    def _run(command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        check(done.returncode == 0, f"{command[0]}: {done.stdout[-2000:]}")

    def _command(self, main, *arguments):
        return ["java", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-cp", f"{PEERS}/kafka/*", main, *arguments]

    def _java(self, main, *arguments):
        self._run([*self._command(main), *arguments, "-c", str(self.properties)])

    def start(self):
        self.program = Program(self._command("kafka.Kafka", str(self.properties)), self.port)

    def kill(self):
        self.program.kill()

    def client_settings(self):
        """For kafka-python, as the broker's owner."""
        return {
            "bootstrap_servers": self.address,
            "security_protocol": "SASL_SSL",
            "ssl_cafile": self.ca_file,
            "sasl_mechanism": "PLAIN",
            "sasl_plain_username": OWNER,
            "sasl_plain_password": OWNER_PASSWORD,
        }

    def admin(self):
        from kafka.admin import KafkaAdminClient

        return KafkaAdminClient(**self.client_settings())

    def read(self, topic):
        """Everything that a topic has, in order within each partition."""
        from kafka import KafkaConsumer, TopicPartition

        consumer = KafkaConsumer(**self.client_settings(), auto_offset_reset="earliest", enable_auto_commit=False)
        partitions = [TopicPartition(topic, id) for id in sorted(consumer.partitions_for_topic(topic) or ())]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        records = []
        while any(consumer.position(partition) < ends[partition] for partition in partitions):
            for some in consumer.poll(timeout_ms=500).values():
                records += some
        consumer.close()
        return records
