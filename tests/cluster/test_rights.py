"""What the accounts of runs, and of people who submit them, may not do: each is tried with the account's own token."""

import copy
import json
import os
import random
import subprocess

import pytest
import yaml
from kubernetes import client, config

from operations.kubernetes.training_workers import manifests
from tests.cluster.installation import PROJECT, remove_namespace
from tests.cluster.permission import refusal

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
KINDS = ("Namespace", "ServiceAccount", "Role", "RoleBinding", "LimitRange")
POLICIES = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
MAKERS = ("alice", "orchestrator", "trainer")
TOKEN = "zenml-token-0a1b2c3d-0000-4000-8000-000000000000"
SERVERS = ("zenml", "mlflow")  # Secrets
FORBIDDEN = 403
INVALID = 422  # what a policy answers
SERVERS_SECRET = {"secretKeyRef": {"name": "zenml", "key": "admin-password"}}


@pytest.fixture(scope="module")
def namespace(tmp_path_factory):
    """A namespace with accounts, rights and Secrets, but no servers; alice is a submitter."""
    if why := refusal():
        pytest.exit(why, returncode=2)
    name = f"recognition-test-{random.randrange(16**6):06x}"
    folder = tmp_path_factory.mktemp("rights")
    base = os.path.relpath(PROJECT / "k8s" / "base", folder.resolve())
    overlay = {"namespace": name, "resources": [base]}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(overlay))
    built = list(yaml.safe_load_all(kubectl("kustomize", str(folder))))
    made = [each for kind in (*KINDS, *POLICIES) for each in built if each["kind"] == kind]
    try:
        kubectl("apply", "--server-side", "-f", "-", words=yaml.safe_dump_all(made))
        kubectl("-n", name, "create", "serviceaccount", "alice")
        kubectl("-n", name, "create", "rolebinding", "alice", "--role=submitter", f"--serviceaccount={name}:alice")
        for secret in (*SERVERS, "zenml-client", "data", TOKEN):
            kubectl("-n", name, "create", "secret", "generic", secret, "--from-literal=admin-password=hunter2")
        yield name
    finally:
        remove_namespace(name)


@pytest.fixture(scope="module")
def api(namespace):
    """A function: an account's name -> the cluster's API as that account sees it."""
    host = config.new_client_from_config().configuration

    def of(account):
        mine = client.Configuration(host=host.host, api_key={"authorization": f"Bearer {token(namespace, account)}"})
        mine.ssl_ca_cert = host.ssl_ca_cert
        return client.ApiClient(mine)

    return {account: of(account) for account in (*MAKERS, "step")}


def token(namespace, account):
    return kubectl("-n", namespace, "create", "token", account).strip()


def kubectl(*arguments, words=None):
    done = subprocess.run(["kubectl", *arguments], input=words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answer(call, *arguments, **options):
    """Status and words of a request that changes nothing."""
    try:
        call(*arguments, **options, dry_run="All")
    except client.ApiException as error:
        return error.status, json.loads(error.body)["message"]
    return 200, ""


def pod(account="step", **more):
    container = {"name": "main", "image": "localhost/any:1", **more.pop("container", {})}
    return {"serviceAccountName": account, "restartPolicy": "Never", "containers": [container], **more}


def job(spec):
    return {"metadata": {"name": "w-job"}, "spec": {"template": {"spec": spec}}}


def cron_job(spec, name="weekly"):
    inner = {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": {"template": {"spec": spec}}}}
    return {"metadata": {"name": name}, "spec": inner}


def secret(name, kind="Opaque", **annotations):
    return {"metadata": {"name": name, "annotations": annotations}, "type": kind, "stringData": {"key": "value"}}


def service(name="w-train", **spec):
    return {"metadata": {"name": name}, "spec": {"clusterIP": "None", "ports": [{"port": 2222}], **spec}}


def mounted(**volume):
    return {"volumes": [{"name": "mine", **volume}]}


def variable(source):
    return {"env": [{"name": "MINE", "valueFrom": source}]}


PODS = {
    "a Secret as a volume": mounted(secret={"secretName": "zenml"}),
    "a Secret in a projected volume": mounted(projected={"sources": [{"secret": {"name": "zenml"}}]}),
    "a token of another audience": mounted(projected={"sources": [{"serviceAccountToken": {"path": "token"}}]}),
    "a folder of the node": mounted(hostPath={"path": "/"}),
    "the volume of a database": mounted(persistentVolumeClaim={"claimName": "data-mysql-0"}),
    "a driver that reads Secrets": mounted(csi={"driver": "secrets-store.csi.k8s.io"}),
    "a Secret as a variable": {"container": variable(SERVERS_SECRET)},
    "all of a Secret as variables": {"container": {"envFrom": [{"secretRef": {"name": "mlflow"}}]}},
    "a Secret as a variable of a first container": {
        "initContainers": [{"name": "first", "image": "localhost/any:1", **variable(SERVERS_SECRET)}]
    },
    "a server's account": {"serviceAccountName": "mlflow"},
    "no account": {"serviceAccountName": None},
}


@pytest.mark.parametrize("what", PODS)
@pytest.mark.parametrize("maker", MAKERS)
def test_no_job_reads_what_its_maker_may_not(api, namespace, maker, what):
    own = "trainer" if maker == "trainer" else "step"
    spec = pod(own, **copy.deepcopy(PODS[what]))
    batch = client.BatchV1Api(api[maker])
    status, told = answer(batch.create_namespaced_job, namespace, job(spec))
    assert status == INVALID, told
    assert "ValidatingAdmissionPolicy 'recognition-jobs'" in told
    if maker == "alice":
        status, told = answer(batch.create_namespaced_cron_job, namespace, cron_job(spec))
        assert status == INVALID, told
        assert "ValidatingAdmissionPolicy 'recognition-jobs'" in told


@pytest.mark.parametrize(
    ("maker", "account"), [("trainer", "orchestrator"), ("trainer", "step"), ("orchestrator",) * 2]
)
def test_no_run_makes_pods_with_more_rights_than_its_own(api, namespace, maker, account):
    status, told = answer(client.BatchV1Api(api[maker]).create_namespaced_job, namespace, job(pod(account)))
    assert status == INVALID, told
    assert f"received {account}" in told


def test_a_schedule_does_not_become_what_it_could_not_be_made_as(api, namespace):
    batch = client.BatchV1Api(api["alice"])
    batch.create_namespaced_cron_job(namespace, cron_job(pod("orchestrator"), "nightly"))
    worse = cron_job(pod("orchestrator", **PODS["a Secret as a volume"]), "nightly")
    status, told = answer(batch.patch_namespaced_cron_job, "nightly", namespace, worse)
    assert status == INVALID, told
    assert answer(batch.patch_namespaced_cron_job, "nightly", namespace, {"spec": {"suspend": True}}) == (200, "")


@pytest.mark.parametrize("account", [*MAKERS, "step"])
def test_no_server_s_secret_is_read_or_changed(api, namespace, account):
    core = client.CoreV1Api(api[account])
    for name in SERVERS:
        with pytest.raises(client.ApiException) as error:
            core.read_namespaced_secret(name, namespace)
        assert error.value.status == FORBIDDEN
        for call, more in ((core.patch_namespaced_secret, [secret(name)]), (core.delete_namespaced_secret, [])):
            assert answer(call, name, namespace, *more)[0] in (FORBIDDEN, INVALID)
    with pytest.raises(client.ApiException) as error:
        core.list_namespaced_secret(namespace)
    assert error.value.status == FORBIDDEN


@pytest.mark.parametrize(
    "made",
    [
        secret("zenml2"),
        secret(TOKEN + "0", "kubernetes.io/service-account-token", **{"kubernetes.io/service-account.name": "zenml"}),
        {**secret(""), "metadata": {"generateName": "zenml-token-"}},
    ],
    ids=["another name", "another account's token", "a name that is made up"],
)
def test_a_submitter_makes_no_secret_but_a_run_s_token(api, namespace, made):
    status, told = answer(client.CoreV1Api(api["alice"]).create_namespaced_secret, namespace, made)
    assert status == INVALID, told
    assert "zenml-token-ID" in told


@pytest.mark.parametrize(
    "made",
    [
        service(externalIPs=["10.0.0.1"]),
        service(externalIPs=["10.0.0.1"], clusterIP=None),
        service(type="LoadBalancer", clusterIP=None),
        service(type="NodePort", clusterIP=None),
        service(type="ExternalName", externalName="example.org", clusterIP=None),
        service("s4"),
    ],
    ids=["headless and external", "external", "load balancer", "port of nodes", "another's name", "name of a server"],
)
def test_a_training_makes_no_service_that_draws_traffic(api, namespace, made):
    status, told = answer(client.CoreV1Api(api["trainer"]).create_namespaced_service, namespace, made)
    assert status == INVALID, told
    assert "ValidatingAdmissionPolicy 'recognition-services'" in told


def test_a_training_removes_no_server_s_service(api, namespace):
    kubectl("-n", namespace, "create", "service", "clusterip", "mlflow", "--tcp=5000")
    status, told = answer(client.CoreV1Api(api["trainer"]).delete_namespaced_service, "mlflow", namespace)
    assert status == INVALID, told


def test_a_step_may_nothing(api, namespace):
    core, batch = client.CoreV1Api(api["step"]), client.BatchV1Api(api["step"])
    assert answer(batch.create_namespaced_job, namespace, job(pod()))[0] == FORBIDDEN
    assert answer(core.create_namespaced_service, namespace, service())[0] == FORBIDDEN
    with pytest.raises(client.ApiException) as error:
        core.list_namespaced_pod(namespace)
    assert error.value.status == FORBIDDEN


def test_what_runs_need_is_let_through(api, namespace):
    alice, orchestrator, trainer = (api[name] for name in MAKERS)
    token_variable = variable({"secretKeyRef": {"name": TOKEN, "key": "zenml_api_token"}})
    first = pod("orchestrator", container=token_variable)
    assert answer(client.BatchV1Api(alice).create_namespaced_job, namespace, job(first)) == (200, "")
    assert answer(client.BatchV1Api(alice).create_namespaced_cron_job, namespace, cron_job(first)) == (200, "")
    core = client.CoreV1Api(alice)
    assert answer(core.create_namespaced_secret, namespace, secret(TOKEN + "0")) == (200, "")
    assert answer(core.patch_namespaced_secret, TOKEN, namespace, {"stringData": {"key": "value"}}) == (200, "")
    assert core.read_namespaced_secret("zenml-client", namespace).data
    assert answer(client.CoreV1Api(orchestrator).delete_namespaced_secret, TOKEN, namespace) == (200, "")
    step = pod(
        container={**token_variable, "envFrom": [{"secretRef": {"name": "data"}}]},
        volumes=[
            {"name": "tmp", "emptyDir": {}},
            {"name": "state", "persistentVolumeClaim": {"claimName": "state"}},
        ],
    )
    assert answer(client.BatchV1Api(orchestrator).create_namespaced_job, namespace, job(step)) == (200, "")
    chief = {
        "metadata": {"name": "train-x", "uid": "0", "labels": {"project_id": "1"}},
        "spec": {**step, "serviceAccountName": "trainer"},
        "status": {"podIP": "10.0.0.2"},
    }
    service_of_workers, job_of_workers = manifests(chief, 2, "0")
    assert answer(client.CoreV1Api(trainer).create_namespaced_service, namespace, service_of_workers) == (200, "")
    assert answer(client.BatchV1Api(trainer).create_namespaced_job, namespace, job_of_workers) == (200, "")


def test_who_may_read_every_secret_is_not_held_up(namespace):
    spec = pod("mlflow", **PODS["a Secret as a volume"])
    whole = {"apiVersion": "batch/v1", "kind": "Job", **job(spec)}
    kubectl("-n", namespace, "create", "--dry-run=server", "-f", "-", words=json.dumps(whole))
