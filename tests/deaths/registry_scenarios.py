"""Changes of the registry."""

from operations.registry import promotion, registry
from operations.registry.rejection import settle_rejection, stored_rejection
from operations.registry.repair import repair
from operations.tracking import connection
from recognition.prediction.rejection import Rejection, RejectionChoice
from tests.deaths.scenario import Scenario, note, noted
from tests.operations.stored_models import champion_of, promoted, stored, versions

NAME = "pets"


class RegistryScenario(Scenario):
    """Three versions of a model, each champion after the other; of the log, aliases and tags nothing may go."""

    def prepare(self):
        client = connection.connect()
        for model in versions(client, NAME, 3):
            promoted(client, model)
        promotion.roll_back(client, NAME, "it takes cats for dogs")
        self.client = client
        note(log_of(client))

    def lost(self):
        log = log_of(connection.connect())
        return [] if log[: len(noted())] == noted() else ["entries of the log"]

    def model(self, number):
        client = connection.connect()
        return client, registry.registered_model(client.get_model_version(NAME, str(number)))


class Promote(RegistryScenario):
    name = "promote"

    def command(self):
        client, model = self.model(1)
        promotion.promote(client, model, "better")

    def unfinished(self):
        return [] if champion_of(connection.connect(), NAME) == "1" else ["1 is not champion"]

    def lost(self):
        withdrawn = registry.WITHDRAWN_TAG in connection.connect().get_model_version(NAME, "3").tags
        return [*super().lost(), *([] if withdrawn else ["that a person took version 3 away"])]


class Rollback(Promote):
    name = "rollback"

    def command(self):
        client = connection.connect()
        if champion_of(client, NAME) != "1":
            promotion.roll_back(client, NAME, "worse than before")


class Gate(RegistryScenario):
    """The gate promotes a new version."""

    name = "gate"

    def prepare(self):
        super().prepare()
        versions(self.client, NAME, 4)

    def command(self):
        client, model = self.model(4)
        promoted(client, model)

    def unfinished(self):
        return [] if champion_of(connection.connect(), NAME) == "4" else ["4 is not champion"]


class Reject(RegistryScenario):
    """Another threshold below which a version does not answer."""

    name = "reject"

    def prepare(self):
        super().prepare()
        client, model = self.model(2)
        settle_rejection(client, model, 0.1, self._choice(0.1))

    def command(self):
        client, model = self.model(2)
        settle_rejection(client, model, 0.2, self._choice(0.2))

    def lost(self):
        found = stored_rejection(*self.model(2))
        return [*super().lost(), *([] if found is not None else ["the threshold"])]

    def unfinished(self):
        return [] if stored_rejection(*self.model(2)).target_error == 0.2 else ["the threshold is the former"]

    def _choice(self, target):
        rejection = Rejection(target_error=target, threshold=0.3, error=0.02, coverage=0.8, images=100)
        return RejectionChoice(target_error=target, rejection=rejection)


class Register(RegistryScenario):
    """A fourth version, with an artifact in ZenML."""

    name = "register"
    METADATA = {"metrics": {"accuracy": 0.5}, "data": "made", "data_digest": "ab" * 32}  # noqa: RUF012

    def prepare(self):
        from zenml import save_artifact

        super().prepare()
        file = stored(self.client, b"a fourth")
        artifact = save_artifact({"a": 1}, "thing")
        note([file.uri, file.sha256, str(artifact.id)], "new")

    def command(self):
        from uuid import UUID

        from recognition.training.model_file import ModelFile

        uri, sha256, artifact = noted("new")
        registry.register(connection.connect(), NAME, ModelFile(None, uri, sha256), self.METADATA, [UUID(artifact)])

    def problems_of_others(self):
        """A version that is not registered whole is nobody's champion, and is completed by who registers it again."""
        return [each for each in self.problems() if "MLflow's versions have" not in each]

    def unfinished(self):
        from operations.registry import zenml_models

        client, model = self.model(4)
        wrong = [] if registry.aliases(client, model) == ["challenger"] else ["4 is no challenger"]
        record = zenml_models.find(NAME, model.zenml_version)
        if dict(record.run_metadata).get("sha256") != model.sha256:
            wrong.append("ZenML does not know the file")
        if len(zenml_models.linked_artifacts(NAME, model.zenml_version)) != 1:
            wrong.append("ZenML does not know the artifact")
        return wrong


def log_of(client):
    from operations.registry import promotion_log

    log = promotion_log.read_log(client.get_registered_model(NAME).tags)
    return [entry.model_dump(mode="json") for entry in log]


class Mend(RegistryScenario):
    """Another tool moved the alias, to a version that a person had taken away and that was the challenger."""

    name = "mend"

    def prepare(self):
        super().prepare()
        self.client.set_registered_model_alias(NAME, "champion", "3")
        self.client.set_registered_model_alias(NAME, "challenger", "3")

    def command(self):
        repair(connection.connect())

    def unfinished(self):
        return [] if champion_of(connection.connect(), NAME) == "3" else ["3 is not champion"]
