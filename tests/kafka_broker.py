"""A real Kafka broker on this machine, for tests and benchmarks: one KRaft node of two listeners, plain and SASL_SSL.

Its jars come from Maven Central by the Ivy that PySpark ships, once, into `.jars/kafka/`.
"""

import base64
import fcntl
import ipaddress
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic

import pyspark
import pytest
from confluent_kafka import KafkaException, Producer
from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lettermill.jars import IVY_SETTINGS
from lettermill.java import find_java
from lettermill.settings import load

VERSION = "3.9.1"
USER, PASSWORD = "lettermill", 'a "quoted" \\ password'
READY_WITHIN = 90.0


@dataclass(frozen=True)
class Broker:
    """A running broker. `bootstrap` is its plain listener; `secure` wants SASL PLAIN over TLS, by the authority `ca`."""

    bootstrap: str
    secure: str
    ca: str

    def create(self, topic: str, *, partitions: int = 1) -> str:
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        for created in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
            created.result(30)
        return topic

    def widen(self, topic: str, *, partitions: int) -> None:
        """Give a topic more partitions."""
        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        for widened in admin.create_partitions([NewPartitions(topic, partitions)]).values():
            widened.result(30)
        ends = monotonic() + READY_WITHIN
        while len(admin.list_topics(topic, timeout=10).topics[topic].partitions) < partitions:
            assert monotonic() < ends, f"{topic} did not get its partitions"

    def send(
        self,
        topic: str,
        values: Iterable[bytes | None],
        *,
        partition: int | None = None,
        headers: Sequence[tuple[str, bytes | None]] = (),
    ) -> None:
        """Write records and wait until all are durable; spread over the partitions where none is named."""
        failed: list[object] = []
        place: Mapping[str, int] = {} if partition is None else {"partition": partition}
        settings = {"bootstrap.servers": self.bootstrap, "acks": "all", "linger.ms": 20, "compression.type": "lz4"}
        producer = Producer(settings | {"sticky.partitioning.linger.ms": 0, "queue.buffering.max.messages": 1_000_000})
        for number, value in enumerate(values):
            key = None if value is None or partition is not None else str(number).encode()
            producer.produce(
                topic, value, key, headers=list(headers), on_delivery=lambda e, _: e and failed.append(e), **place
            )
            if number % 10_000 == 0:
                producer.poll(0)
        left = producer.flush(120)
        assert (failed[:1], left) == ([], 0)


@contextmanager
def running_broker(folder: Path) -> Iterator[Broker]:
    """Start a broker that keeps its data in `folder`; it is ready when the block begins and gone when it ends."""
    folder.mkdir(parents=True, exist_ok=True)
    libs = fetched(load("local").spark.jars / "kafka")
    java = str(find_java()[0] / "bin" / "java")
    command = [java, "-Xmx512m", "-XX:TieredStopAtLevel=1", "-cp", f"{libs.absolute()}/*"]
    ports = _free_ports(3)
    ca = _certify(folder)
    properties = folder / "server.properties"
    properties.write_text(_properties(folder, ports))
    cluster = base64.urlsafe_b64encode(b"lettermill tests").decode().rstrip("=")  # a random id may begin as an option
    formatting = [*command, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties)]
    with (folder / "broker.log").open("w") as log:
        subprocess.run(formatting, check=True, stdout=log, stderr=subprocess.STDOUT)
        process = subprocess.Popen([*command, "kafka.Kafka", str(properties)], stdout=log, stderr=subprocess.STDOUT)
    try:
        _await(f"127.0.0.1:{ports[0]}", process, folder / "broker.log")
        yield Broker(f"127.0.0.1:{ports[0]}", f"127.0.0.1:{ports[1]}", ca)
    finally:
        process.send_signal(signal.SIGKILL)  # nothing of it is kept
        process.wait()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for the tests of a process."""
    with running_broker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


def fetched(folder: Path) -> Path:
    """The folder of the broker's jars; one process fetches while others wait."""
    folder.mkdir(parents=True, exist_ok=True)
    libs, listing = folder / "libs", folder / "version.txt"
    with (folder / "fetching.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if listing.is_file() and listing.read_text() == VERSION:
            return libs
        shutil.rmtree(libs, ignore_errors=True)
        settings = folder / "ivysettings.xml"
        settings.write_text(IVY_SETTINGS)
        ivy = next((Path(pyspark.__file__).parent / "jars").glob("ivy-*.jar"))
        java = str(find_java()[0] / "bin" / "java")
        pattern = f"{libs.absolute()}/[organisation]_[artifact]-[revision](-[classifier]).[ext]"
        command = [java, "-cp", str(ivy), "org.apache.ivy.Main", "-settings", str(settings)]
        command += ["-cache", str(folder / "cache"), "-dependency", "org.apache.kafka", "kafka_2.13", VERSION]
        done = subprocess.run(
            [*command, "-types", "jar", "bundle", "-retrieve", pattern], capture_output=True, text=True
        )
        assert done.returncode == 0, f"Kafka's jars could not be fetched:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        listing.write_text(VERSION)
    return libs


def _free_ports(number: int) -> list[int]:
    held = [socket.socket() for _ in range(number)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


def _await(bootstrap: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = monotonic() + READY_WITHIN
    quiet = {"error_cb": lambda _: None, "reconnect.backoff.max.ms": 200}  # nobody is there yet
    admin = AdminClient({"bootstrap.servers": bootstrap} | quiet)
    while process.poll() is None and monotonic() < ends:
        try:
            if admin.list_topics(timeout=1).brokers:
                return
        except KafkaException:
            continue  # it waited a second by itself
    raise AssertionError(f"the broker did not start within {READY_WITHIN:.0f} s:\n{log.read_text()[-2000:]}")


def _certify(folder: Path) -> str:
    """Write the broker's key and certificate as PEM; returns the certificate, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    keystore = folder / "broker.pem"
    with os.fdopen(os.open(keystore, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(private + pem)
    return pem


def _properties(folder: Path, ports: Sequence[int]) -> str:
    plain, secure, controller = (f"127.0.0.1:{port}" for port in ports)
    quoted = PASSWORD.replace("\\", "\\\\").replace('"', '\\"')  # as JAAS reads it
    login = f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{quoted}";'
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{controller}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"PLAINTEXT://{plain},SASL_SSL://{secure},CONTROLLER://{controller}",
        "advertised.listeners": f"PLAINTEXT://{plain},SASL_SSL://{secure}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
        "listener.name.sasl_ssl.sasl.enabled.mechanisms": "PLAIN",
        "listener.name.sasl_ssl.plain.sasl.jaas.config": login.replace("\\", "\\\\"),  # as a properties file has it
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(folder / "broker.pem"),
        "log.dirs": str(folder / "data"),
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "auto.create.topics.enable": "false",
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())
