"""What devices may do: certificates and IoT policies over TLS, access keys, anonymous clients."""

import json
import ssl
import subprocess
import uuid

import pytest

from mqtt_device import MqttDevice
from penstock_process import ACCOUNT, REGION, ROOT_KEY, ROOT_SECRET, PenstockProcess

PREFIX = f"arn:aws:iot:{REGION}:{ACCOUNT}:"
ALLOW_ALL = [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]
# The policy of the open-jii sensors: connect as the thing, publish its measurements, read its scripts.
SENSOR = [
    {"Effect": "Allow", "Action": "iot:Connect", "Resource": PREFIX + "client/${iot:Connection.Thing.ThingName}"},
    {"Effect": "Allow", "Action": "iot:Publish", "Resource": PREFIX + "topic/data/${iot:Connection.Thing.ThingName}/*"},
    {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": PREFIX + "topicfilter/*/${iot:Connection.Thing.ThingName}/#"},
    {"Effect": "Allow", "Action": "iot:Receive", "Resource": PREFIX + "topic/script/${iot:Connection.Thing.ThingName}/*"},
]


class Sensor:
    """A thing with a certificate and a policy, all of its own."""

    def __init__(self, server, folder, statements):
        self.server, self.iot = server, server.client("iot")
        self.name = "d" + uuid.uuid4().hex[:10]
        made = self.iot.create_keys_and_certificate(setAsActive=True)
        self.certificate, self.principal = made["certificateId"], made["certificateArn"]
        self.cert_path, self.key_path = folder / f"{self.name}.pem", folder / f"{self.name}.key"
        self.cert_path.write_text(made["certificatePem"])
        self.key_path.write_text(made["keyPair"]["PrivateKey"])
        self.iot.create_policy(policyName=self.name, policyDocument=self.document(statements))
        self.iot.attach_policy(policyName=self.name, target=self.principal)
        self.iot.create_thing(thingName=self.name)
        self.iot.attach_thing_principal(thingName=self.name, principal=self.principal)

    @staticmethod
    def document(statements):
        return json.dumps({"Version": "2012-10-17", "Statement": statements})

    def set_policy(self, statements):
        for version in self.iot.list_policy_versions(policyName=self.name)["policyVersions"]:
            if not version["isDefaultVersion"]:
                self.iot.delete_policy_version(policyName=self.name, policyVersionId=version["versionId"])
        self.iot.create_policy_version(policyName=self.name, policyDocument=self.document(statements), setAsDefault=True)

    def connect(self, client_id=None):
        context = ssl.create_default_context(cafile=str(self.server.data / "tls" / "ca.pem"))
        context.load_cert_chain(self.cert_path, self.key_path)
        return MqttDevice(self.server.host_port("mqtts"), client_id or self.name, context)


@pytest.fixture
def sensor(server, tmp_path):
    return Sensor(server, tmp_path, SENSOR)


def local(server, **keywords):
    """Someone on this machine who may do everything."""
    return MqttDevice(server.host_port("mqtt"), "local-" + uuid.uuid4().hex[:8], **keywords)


def test_a_sensor_does_what_its_policy_says(server, sensor):
    device = sensor.connect()
    assert device.code == 0
    assert device.publish(f"data/{sensor.name}/t")
    assert device.subscribe(f"script/{sensor.name}/#") == 0
    watcher = local(server)
    assert watcher.subscribe(f"data/{sensor.name}/#") == 0
    assert device.publish(f"data/{sensor.name}/t", b"21.5")
    assert watcher.receive() == (f"data/{sensor.name}/t", b"21.5")
    assert watcher.publish(f"script/{sensor.name}/run", b"go")
    assert device.receive() == (f"script/{sensor.name}/run", b"go")


def test_a_denied_publish_reaches_nobody(server, sensor):
    watcher = local(server)
    assert watcher.subscribe("other/#") == 0
    assert not sensor.connect().publish("other/x", b"forbidden")
    assert not sensor.connect().publish(f"data/{sensor.name}/t", b"retained", retain=True)  # iot:RetainPublish
    assert watcher.publish("other/y", b"allowed")
    assert watcher.receive() == ("other/y", b"allowed")


def test_a_denied_subscription_is_refused(sensor):
    for topic_filter in ("#", "script/+/x", "script/someone-else/#"):
        assert sensor.connect().subscribe(topic_filter) in (0x80, None), topic_filter


def test_what_may_not_be_received_is_not_delivered(server, sensor):
    device, other = sensor.connect(), local(server)
    assert device.subscribe(f"data/{sensor.name}/#") == 0  # may be subscribed to, but not received from
    assert device.subscribe(f"script/{sensor.name}/#") == 0
    assert other.publish(f"data/{sensor.name}/x", b"forbidden")
    assert other.publish(f"script/{sensor.name}/x", b"allowed")
    assert device.receive() == (f"script/{sensor.name}/x", b"allowed")


def test_the_client_id_must_be_the_thing_of_the_certificate(server, sensor, tmp_path):
    assert sensor.connect("somebody-else").code == 5
    other = Sensor(server, tmp_path, SENSOR)
    assert sensor.connect(other.name).code == 5
    sensor.iot.detach_thing_principal(thingName=sensor.name, principal=sensor.principal)
    assert sensor.connect().code == 5


def test_only_registered_active_certificates(server, sensor):
    device = sensor.connect()
    assert device.code == 0
    sensor.iot.update_certificate(certificateId=sensor.certificate, newStatus="INACTIVE")
    assert sensor.connect().code == 5
    assert not device.publish(f"data/{sensor.name}/t")  # the open connection too
    sensor.iot.update_certificate(certificateId=sensor.certificate, newStatus="ACTIVE")
    assert sensor.connect().publish(f"data/{sensor.name}/t")
    sensor.iot.update_certificate(certificateId=sensor.certificate, newStatus="REVOKED")
    assert sensor.connect().code == 5


def test_policy_changes_hold_at_once(sensor):
    device = sensor.connect()
    assert device.publish(f"data/{sensor.name}/t")
    sensor.set_policy(ALLOW_ALL)
    assert device.publish("anywhere/at/all")
    sensor.set_policy(ALLOW_ALL + [{"Effect": "Deny", "Action": "iot:Publish", "Resource": PREFIX + "topic/secret/*"}])
    assert device.publish("anywhere/at/all")
    assert not device.publish("secret/x")
    device = sensor.connect()
    sensor.iot.detach_policy(policyName=sensor.name, target=sensor.principal)
    assert not device.publish("anywhere/at/all")


def test_policies_of_thing_groups(sensor):
    sensor.iot.detach_policy(policyName=sensor.name, target=sensor.principal)
    assert sensor.connect().code == 5
    group = sensor.iot.create_thing_group(thingGroupName="g" + sensor.name)
    sensor.iot.attach_policy(policyName=sensor.name, target=group["thingGroupArn"])
    sensor.iot.add_thing_to_thing_group(thingGroupName="g" + sensor.name, thingName=sensor.name)
    assert sensor.connect().publish(f"data/{sensor.name}/t")


def test_certificates_of_strangers_and_none(server, sensor, tmp_path):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "c",
                    "-subj", f"/CN={sensor.name}", "-days", "2"], check=True, capture_output=True)
    sensor.cert_path, sensor.key_path = tmp_path / "c", tmp_path / "k"
    assert sensor.connect().code in (5, None)
    context = ssl.create_default_context(cafile=str(server.data / "tls" / "ca.pem"))
    assert MqttDevice(server.host_port("mqtts"), sensor.name, context).code in (5, None)
    # The stranger's certificate becomes a friend's by registration.
    made = sensor.iot.register_certificate_without_ca(certificatePem=(tmp_path / "c").read_text(), status="ACTIVE")
    sensor.iot.attach_policy(policyName=sensor.name, target=made["certificateArn"])
    sensor.iot.attach_thing_principal(thingName=sensor.name, principal=made["certificateArn"])
    assert sensor.connect().publish(f"data/{sensor.name}/t")


def test_access_keys(server):
    host_port = server.host_port("mqtt")
    root = MqttDevice(host_port, "root", username=ROOT_KEY, password=ROOT_SECRET)
    assert root.code == 0 and root.publish("a/b")
    assert MqttDevice(host_port, "root", username=ROOT_KEY, password="wrong").code in (4, 5)
    assert MqttDevice(host_port, "root", username="AKIANOSUCHKEY0000000", password=ROOT_SECRET).code in (4, 5)


def test_anonymous_clients_can_be_kept_out_or_governed(tmp_path):
    server = PenstockProcess(tmp_path / "deny", "--config", str(config(tmp_path / "deny", "deny"))).start()
    try:
        assert local(server).code == 5
    finally:
        server.stop()
    server = PenstockProcess(tmp_path / "named", "--config", str(config(tmp_path / "named", "guests"))).start()
    try:
        assert local(server).code == 5
        server.client("iot").create_policy(policyName="guests", policyDocument=Sensor.document([
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
            {"Effect": "Allow", "Action": "iot:Publish", "Resource": PREFIX + "topic/public/*"}]))
        assert local(server).publish("public/x")
        assert not local(server).publish("private/x")
    finally:
        server.stop()


def config(folder, anonymous):
    folder.mkdir(parents=True)
    path = folder / "config.json"
    path.write_text(json.dumps({"mqtt": {"anonymous": anonymous}}))
    return path


def test_mosquitto_with_a_certificate(server, sensor):
    host, port = server.host_port("mqtts")
    common = ["-h", host, "-p", str(port), "--cafile", str(server.data / "tls" / "ca.pem"), "--cert", str(sensor.cert_path),
              "--key", str(sensor.key_path), "-i", sensor.name, "-q", "1"]
    sensor.set_policy(ALLOW_ALL)
    topic = f"data/{sensor.name}/m"
    subprocess.run(["mosquitto_pub", *common, "-t", topic, "-m", "21.5", "-r"], check=True, timeout=60, capture_output=True)
    heard = subprocess.run(["mosquitto_sub", *common, "-t", topic, "-C", "1", "-W", "30"], timeout=60, capture_output=True, text=True)
    assert (heard.returncode, heard.stdout.strip()) == (0, "21.5"), heard.stderr
    sensor.iot.update_certificate(certificateId=sensor.certificate, newStatus="INACTIVE")
    refused = subprocess.run(["mosquitto_sub", *common, "-t", topic, "-C", "1", "-W", "5"], timeout=60, capture_output=True, text=True)
    assert refused.returncode != 0 and "not authorised" in refused.stderr


def test_describe_endpoint_is_where_devices_connect(server):
    for options in ({}, {"endpointType": "iot:Data-ATS"}):
        address = server.client("iot").describe_endpoint(**options)["endpointAddress"]
        host, port = server.host_port("mqtts")
        assert address == (host if port == 8883 else f"{host}:{port}")
