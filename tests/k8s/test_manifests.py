"""The manifests as an API server would get them."""

import re
from configparser import ConfigParser
from itertools import chain, permutations

import kubernetes_validate
import pytest
import yaml

from operations.kubernetes.training_workers import LABEL, PORT
from tests.k8s.conftest import K8S
from tests.k8s.restricted import containers, violations

VERSION = "1.34"
POD_KINDS = {"Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"}
CLUSTER_WIDE = {"Namespace", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
SERVERS = {"zenml", "mlflow", "prediction", "mysql", "postgres", "s3"}


def of_kind(objects, *kinds):
    return [each for each in objects if each["kind"] in kinds]


def named(objects, kind, name):
    (found,) = [each for each in of_kind(objects, kind) if each["metadata"]["name"] == name]
    return found


def pods(objects):
    """Name, labels and specification of each pod."""
    for each in of_kind(objects, *POD_KINDS):
        template = each["spec"]["template"]
        yield each["metadata"]["name"], template["metadata"]["labels"], template["spec"]


def selects(selector, labels):
    """Whether a label selector means a pod."""
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for rule in selector.get("matchExpressions", []):
        value = labels.get(rule["key"])
        answers = {
            "Exists": value is not None,
            "DoesNotExist": value is None,
            "In": value in rule.get("values", []),
            "NotIn": value not in rule.get("values", []),
        }
        if not answers[rule["operator"]]:
            return False
    return True


def environment(container):
    return {each["name"]: each for each in container.get("env", [])}


def test_kubernetes_knows_every_object_and_every_key(objects):
    for each in objects:
        kubernetes_validate.validate(each, VERSION, strict=True)


def test_all_lies_in_one_namespace_that_enforces_the_restricted_standard(objects):
    (namespace,) = of_kind(objects, "Namespace")
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    places = {each["metadata"].get("namespace") for each in objects if each["kind"] not in CLUSTER_WIDE}
    assert places == {namespace["metadata"]["name"]}


def test_every_pod_keeps_to_the_restricted_standard_and_writes_only_to_its_volumes(objects):
    for name, _, spec in pods(objects):
        assert violations(spec) == [], name
        assert all(each["securityContext"]["readOnlyRootFilesystem"] for each in containers(spec)), name


def test_no_secret_is_among_them(objects):
    assert of_kind(objects, "Secret") == []
    for name, _, spec in pods(objects):
        for container in containers(spec):
            written = {key for key, each in environment(container).items() if "value" in each}
            assert not [key for key in written if re.search("PASSWORD|SECRET_ACCESS|_KEY|STORE_UR", key)], name


def test_no_secret_is_among_the_words_of_a_command_which_everybody_on_the_node_reads(objects):
    for name, _, spec in pods(objects):
        for container in containers(spec):
            known = environment(container)
            words = re.findall(r"\$\((\w+)\)", " ".join([*container.get("command", []), *container.get("args", [])]))
            read = [known[word]["valueFrom"]["secretKeyRef"]["key"] for word in words if "valueFrom" in known[word]]
            assert set(read) <= {"bucket"}, name  # its name


def test_every_container_says_what_it_needs_and_which_image_it_is(objects):
    for name, _, spec in pods(objects):
        for container in containers(spec):
            resources = container["resources"]
            assert {"cpu", "memory"} <= set(resources["requests"]), name
            assert "memory" in resources["limits"], name
            assert re.search(r"[/:]?[\w.-]+:\d+\.\d+\.\d+$", container["image"]), container["image"]
            assert container["imagePullPolicy"] == "IfNotPresent", name


def test_no_service_becomes_a_variable_of_a_pod(objects):
    assert all(spec["enableServiceLinks"] is False for _, _, spec in pods(objects))


def test_only_an_account_with_a_role_has_a_token(objects):
    bound = {subject["name"] for each in of_kind(objects, "RoleBinding") for subject in each["subjects"]}
    accounts = {each["metadata"]["name"]: each for each in of_kind(objects, "ServiceAccount")}
    assert bound == {"orchestrator", "trainer"}
    given = {name for name, account in accounts.items() if account.get("automountServiceAccountToken", True)}
    assert given == {"orchestrator"}  # a train step with workers asks for its own, the workers must not get one
    assert {"step", "zenml", "mlflow", "prediction", "default"} <= set(accounts)
    for name, _, spec in pods(objects):
        assert spec["automountServiceAccountToken"] is False, name
        assert spec["serviceAccountName"] in set(accounts) - bound


def test_roles_name_their_verbs_and_the_secrets_that_are_read(objects):
    rules = {each["metadata"]["name"]: each["rules"] for each in of_kind(objects, "Role")}
    said = [word for rule in chain(*rules.values()) for words in rule.values() for word in words]
    assert "*" not in said
    assert of_kind(objects, "ClusterRole", "ClusterRoleBinding") == []
    for binding in of_kind(objects, "RoleBinding"):
        assert {subject["namespace"] for subject in binding["subjects"]} == {"recognition"}
    reading = {
        name: rule.get("resourceNames")
        for name, each in rules.items()
        for rule in each
        if "secrets" in rule["resources"] and {"get", "list", "watch"} & set(rule["verbs"])
    }
    assert reading == {"submitter": ["zenml-client", "data"]}


def test_whatever_a_role_may_make_or_change_is_looked_at_by_a_policy_that_denies(objects):
    (namespace,) = of_kind(objects, "Namespace")
    bound = set()
    for binding in of_kind(objects, "ValidatingAdmissionPolicyBinding"):
        assert binding["spec"]["validationActions"] == ["Deny"]
        assert selects(binding["spec"]["matchResources"]["namespaceSelector"], namespace["metadata"]["labels"])
        bound.add(binding["spec"]["policyName"])
    looked_at = set()
    for policy in of_kind(objects, "ValidatingAdmissionPolicy"):
        assert policy["metadata"]["name"] in bound
        assert policy["spec"]["failurePolicy"] == "Fail"
        for rule in policy["spec"]["matchConstraints"]["resourceRules"]:
            looked_at |= {(kind, verb) for kind in rule["resources"] for verb in rule["operations"]}
    written = {"create": "CREATE", "patch": "UPDATE", "update": "UPDATE", "delete": "DELETE"}
    allowed = {
        (kind, written[verb])
        for role in of_kind(objects, "Role")
        for rule in role["rules"]
        for kind in rule["resources"]
        for verb in set(rule["verbs"]) & set(written)
    }
    # runs may end each other's Jobs, whose pods nobody can change
    assert allowed - looked_at == {("jobs", "UPDATE"), ("jobs", "DELETE"), ("cronjobs", "DELETE")}


def test_everything_is_denied_first_and_each_server_has_a_policy_of_its_own(objects):
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "NetworkPolicy")}
    assert policies["deny-all"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    own = [policy for policy in policies.values() if policy["podSelector"] and policy.get("ingress")]
    for name, labels, _ in pods(objects):
        assert any(selects(policy["podSelector"], labels) for policy in own), name


@pytest.mark.parametrize("overlay", ["dev"])
def test_who_needs_a_server_in_the_cluster_may_go_there_and_is_let_in(built, overlay):
    objects = built[overlay]
    labels = {name: labels for name, labels, _ in pods(objects)}
    run = {"project_id": "1", "run_id": "2", "pipeline": "train"}
    labels |= {"orchestrator": run, "step": {**run, "step_name": "train"}, "stranger": {}}
    ways = {(source, target) for source in labels for target in SERVERS if is_open(objects, labels, source, target)}
    assert ways == {
        *((run, server) for run in ("orchestrator", "step") for server in ("zenml", "mlflow", "s3")),
        ("zenml", "mysql"),
        ("zenml", "s3"),
        ("mlflow", "postgres"),
        ("mlflow", "s3"),
        ("prediction", "mlflow"),
    }


def is_open(objects, labels, source, target):
    """Whether the policies let a pod reach a server at its Service's port, both in this namespace."""
    (port,) = named(objects, "Service", target)["spec"]["ports"]
    spec = {name: spec for name, _, spec in pods(objects)}[target]
    (number,) = [p["containerPort"] for p in spec["containers"][0]["ports"] if p["name"] == port["targetPort"]]
    return may_talk(objects, labels, source, target, number)


def may_talk(objects, labels, source, target, number):
    """Whether the policies let a pod reach another one's port, both in this namespace."""

    def allows(direction, peers, who, other):
        for policy in of_kind(objects, "NetworkPolicy"):
            for rule in policy["spec"].get(direction, []):
                is_meant = selects(policy["spec"]["podSelector"], labels[who])
                at_port = number in [each["port"] for each in rule["ports"]]
                inside = [p for p in rule.get(peers, []) if "podSelector" in p and "namespaceSelector" not in p]
                if is_meant and at_port and any(selects(p["podSelector"], labels[other]) for p in inside):
                    return True
        return False

    return allows("egress", "to", source, target) and allows("ingress", "from", target, source)


def test_workers_and_the_train_step_reach_each_other_and_workers_reach_what_a_step_does(objects):
    run = {"project_id": "1", "run_id": "2", "pipeline": "train"}
    worker = {LABEL: "w-train", "project_id": "1"}
    labels = {name: labels for name, labels, _ in pods(objects)}
    labels |= {"train": {**run, "step_name": "train"}, "report": {**run, "step_name": "report"}, "worker": worker}
    ways = {
        (source, target)
        for source, target in permutations(("train", "report", "worker", "prediction"), 2)
        if may_talk(objects, labels, source, target, PORT)
    }
    assert ways == {("train", "worker"), ("worker", "train")}
    assert may_talk(objects, labels | {"other": worker}, "worker", "other", PORT)
    servers = [name for name in labels if name in SERVERS]
    assert {name for name in servers if is_open(objects, labels, "worker", name)} == {
        name for name in servers if is_open(objects, labels, "report", name)
    }


def test_services_select_pods_and_name_their_ports(objects):
    for service in of_kind(objects, "Service"):
        meant = [
            spec for _, labels, spec in pods(objects) if selects({"matchLabels": service["spec"]["selector"]}, labels)
        ]
        assert len(meant) == 1, service["metadata"]["name"]
        known = {port["name"] for port in meant[0]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= known
        assert service["spec"].get("type", "ClusterIP") == "ClusterIP"


def test_every_server_has_three_probes(objects):
    for name, _, spec in pods(objects):
        for container in spec["containers"]:
            assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(container), name


def test_the_prediction_server_is_replaced_without_dropping_a_request(objects):
    deployment = named(objects, "Deployment", "prediction")["spec"]
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert "replicas" not in deployment
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    words = dict(re.findall(r"--(drain|timeout)=(\d+)", " ".join(container["command"])))
    sleep = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > sleep + int(words["drain"]) + int(words["timeout"]) + 1
    assert named(objects, "PodDisruptionBudget", "prediction")["spec"]["maxUnavailable"] == 1


def test_the_prediction_servers_command_is_one_that_serve_takes(objects):
    from commands.serve import parser

    (container,) = named(objects, "Deployment", "prediction")["spec"]["template"]["spec"]["containers"]
    assert container["command"][:4] == ["python", "-m", "run_pipeline", "serve"]
    options = parser().parse_args(container["command"][4:])
    assert options.wait
    assert options.follow
    assert (options.host, options.port) == ("0.0.0.0", container["ports"][0]["containerPort"])


def test_zenmls_tokens_and_secrets_outlive_a_restart(objects):
    (container,) = named(objects, "Deployment", "zenml")["spec"]["template"]["spec"]["containers"]
    for name in ("ZENML_SERVER_JWT_SECRET_KEY", "ZENML_SECRETS_STORE_ENCRYPTION_KEY"):
        assert environment(container)[name]["valueFrom"]["secretKeyRef"]["name"] == "zenml"


def test_nobody_phones_home(objects):
    off = {"zenml": {"ZENML_ANALYTICS_OPT_IN": "false"}, "mlflow": {"MLFLOW_DISABLE_TELEMETRY": "true"}}
    off["prediction"] = off["zenml"] | off["mlflow"]
    specs = {name: spec for name, _, spec in pods(objects)}
    for name, wanted in off.items():
        for container in containers(specs[name]):
            found = {key: each["value"] for key, each in environment(container).items() if key in wanted}
            assert found == wanted, container["name"]
    assert "-master.telemetry=false" in (K8S / "image" / "services" / "s3.sh").read_text()


def test_mlflow_asks_for_a_password(objects):
    (container,) = named(objects, "Deployment", "mlflow")["spec"]["template"]["spec"]["containers"]
    assert "--app-name=basic-auth" in container["command"]


def test_production_has_tls_in_front_and_grows_with_its_load(built):
    objects = built["production"]
    for ingress in of_kind(objects, "Ingress"):
        hosts = {rule["host"] for rule in ingress["spec"]["rules"]}
        assert {host for each in ingress["spec"]["tls"] for host in each["hosts"]} == hosts
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                named(objects, "Service", path["backend"]["service"]["name"])
    (scaler,) = of_kind(objects, "HorizontalPodAutoscaler")
    assert scaler["spec"]["scaleTargetRef"]["name"] == "prediction"
    assert scaler["spec"]["minReplicas"] >= 2
    assert of_kind(objects, "StatefulSet") == []
    assert [claim["metadata"]["name"] for claim in of_kind(objects, "PersistentVolumeClaim")] == ["state"]


def test_dev_fits_a_node_of_two_cores_beside_a_run(built):
    requested = sum(millicores(container) for _, _, spec in pods(built["dev"]) for container in spec["containers"])
    assert requested <= 1_000


def millicores(container):
    cpu = container["resources"]["requests"]["cpu"]
    return int(cpu[:-1]) if cpu.endswith("m") else 1_000 * int(cpu)


def test_every_secret_that_a_pod_reads_is_made_by_the_command(built, monkeypatch):
    monkeypatch.syspath_prepend(str(K8S))
    from make_secrets import OPTIONAL, REQUIRED, dev_plan, production_plan

    given = dict.fromkeys([*REQUIRED, *OPTIONAL], "mysql://a%40b")
    for overlay, plan in (("dev", dev_plan("recognition")), ("production", production_plan(given))):
        made = {}
        for name, values_of in plan.items():
            made[name] = values_of(made)
        for name, _, spec in pods(built[overlay]):
            for secret, key in secrets_of(spec):
                assert key in made[secret], (overlay, name)
    ini = ConfigParser()
    ini.read_string(made["mlflow"]["basic_auth.ini"])
    assert ini["mlflow"]["database_uri"] == "mysql://a%40b"


def secrets_of(spec):
    """Secret and key of each value that a pod reads."""
    for container in containers(spec):
        for each in container.get("env", []):
            if "valueFrom" in each:
                yield each["valueFrom"]["secretKeyRef"]["name"], each["valueFrom"]["secretKeyRef"]["key"]
    for volume in spec.get("volumes", []):
        for item in volume.get("secret", {}).get("items", []):
            yield volume["secret"]["secretName"], item["key"]


def test_no_manifest_holds_a_secret():
    for path in K8S.rglob("*.yaml"):
        for each in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            assert not each or each.get("kind") != "Secret", path
