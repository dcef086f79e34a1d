"""The lease against what networks, clocks and sleeping machines may do, in every order.

Its real code runs in threads, of which one at a time goes on until its next request or sleep. What becomes of a request
Hypothesis decides: it arrives, it is lost, its answer is lost, or it arrives twice, as MLflow's client repeats what was
not answered, with anything in between.
"""

import itertools
import os
import threading
from contextlib import suppress
from types import SimpleNamespace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, RESOURCE_ALREADY_EXISTS, RESOURCE_DOES_NOT_EXIST

from operations.registry import lease

ENTITY = f"{lease.PREFIX}m"
METHODS = ("create_registered_model", "rename_registered_model", "delete_registered_model", "set_registered_model_tag")
FATES = ("arrives", "arrives", "arrives", "is lost", "loses its answer", "is repeated")
ROUNDS = st.sampled_from([0, 1, 4, 12])
HERE = threading.local()
EXAMPLES = int(os.environ.get("EXAMPLES", 100))


class Killed(BaseException):
    """Ends the thread of one that is dead."""


class Server:
    """Registered models as MLflow keeps them: a name is given once, and what is not there is not changed."""

    def __init__(self):
        self.models, self.clock, self.signs = {}, 0.0, {}
        self._made = itertools.count()

    def create_registered_model(self, name, tags):
        if name in self.models:
            raise MlflowException("exists", error_code=RESOURCE_ALREADY_EXISTS)
        self.models[name] = SimpleNamespace(name=name, tags=dict(tags), creation_timestamp=next(self._made))
        self._changed(name)

    def get_registered_model(self, name):
        found = self._existing(name)
        return SimpleNamespace(**{**vars(found), "tags": dict(found.tags)})

    def set_registered_model_tag(self, name, key, value):
        self._existing(name).tags[key] = value
        self._changed(name)

    def rename_registered_model(self, name, new_name):
        self._existing(name)
        if new_name in self.models:
            raise MlflowException("exists", error_code=RESOURCE_ALREADY_EXISTS)
        self.models[new_name] = self.models.pop(name)
        self.models[new_name].name = new_name
        self._changed(new_name)

    def delete_registered_model(self, name):
        self._existing(name)
        del self.models[name]

    def search_registered_models(self, filter_string, page_token=None):
        page = type("Page", (list,), {"token": ""})
        return page(self.get_registered_model(name) for name in self.models)

    def holder(self):
        return self.models[ENTITY].tags[lease.HOLDER] if ENTITY in self.models else None

    def longest_silence(self, token):
        signs = [*self.signs[token], self.clock]
        return max(later - earlier for earlier, later in itertools.pairwise(signs))

    def _existing(self, name):
        if name not in self.models:
            raise MlflowException("not there", error_code=RESOURCE_DOES_NOT_EXIST)
        return self.models[name]

    def _changed(self, name):
        found = self.models[name]
        found.last_updated_timestamp = self.clock * 1000
        if name == ENTITY:
            self.signs.setdefault(found.tags[lease.HOLDER], []).append(self.clock)


class Machine:
    """Wants the lock; it may stand still for any time, and die."""

    def __init__(self):
        self.alive, self.leaving, self.token = True, False, None
        self.strands = []


class Strand:
    """A thread of a machine, which stands still before each request and sleep until it is let go on."""

    def __init__(self, machine, work):
        self.machine, self.ended, self.fate = machine, False, "arrives"
        self.wakes, self.asks = (lambda: True), None
        self._goes, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        threading.Thread(target=self._run, args=(work,), daemon=True).start()
        machine.strands.append(self)

    def go_on(self, fate="arrives"):
        self.fate = fate
        self._goes.release()
        assert self._stands.acquire(timeout=20)

    def stand(self, wakes=lambda: True, asks=None):
        self.wakes, self.asks = wakes, asks
        self._stands.release()
        self._wait()

    def _wait(self):
        self._goes.acquire()
        if not self.machine.alive:
            raise Killed

    def _run(self, work):
        HERE.strand = self
        with suppress(Killed, MlflowException):
            self._wait()
            work()
        self.ended = True
        self._stands.release()


class Client:
    """What the lease takes for MLflow's client."""

    def __init__(self, server):
        self._server = server

    def __getattr__(self, method):
        return lambda *arguments, **options: self._ask(method, arguments, options)

    def _ask(self, method, arguments, options):
        do = getattr(self._server, method)
        HERE.strand.stand(asks=method)
        fate = HERE.strand.fate
        if fate == "is lost":
            raise MlflowException("no answer", error_code=INTERNAL_ERROR)
        if fate == "is repeated":
            with suppress(MlflowException):
                do(*arguments, **options)
            HERE.strand.stand(asks=method)
        answer = do(*arguments, **options)
        if fate == "loses its answer":
            raise MlflowException("no answer", error_code=INTERNAL_ERROR)
        HERE.strand.stand()  # the answer takes its time
        return answer


class Event:
    """`threading.Event` on the model's clock."""

    def __init__(self, server):
        self._server, self._set = server, False

    def set(self):
        self._set = True

    def wait(self, seconds):
        until = self._server.clock + seconds
        HERE.strand.stand(lambda: self._set or self._server.clock >= until)
        return self._set


class Heart:
    """`threading.Thread` of the model."""

    def __init__(self, target, args, daemon):
        self._work = lambda: target(*args)

    def start(self):
        Strand(HERE.strand.machine, self._work)


class World(RuleBasedStateMachine):
    """Machines that want one lock."""

    def __init__(self):
        super().__init__()
        self.server, self.machines = Server(), []
        self._patch = pytest.MonkeyPatch()
        self._patch.setattr(lease, "echo", lambda text: None)
        self._patch.setattr(lease, "identity", lambda: "a@b")
        self._patch.setattr(lease, "time", SimpleNamespace(monotonic=lambda: self.server.clock, sleep=self._sleep))
        self._patch.setattr(lease, "threading", SimpleNamespace(Event=lambda: Event(self.server), Thread=Heart))

    def _sleep(self, seconds):
        until = self.server.clock + seconds
        HERE.strand.stand(lambda: self.server.clock >= until)

    def _work(self, machine):
        with lease.leased(Client(self.server), "m") as check:
            machine.token = check.__self__._token
            while not machine.leaving:
                HERE.strand.stand()
            machine.token = None

    def ready(self):
        strands = [strand for machine in self.machines if machine.alive for strand in machine.strands]
        return [strand for strand in strands if not strand.ended and strand.wakes()]

    @rule()
    @precondition(lambda self: sum(machine.alive for machine in self.machines) < 4)
    def come(self):
        machine = Machine()
        Strand(machine, lambda: self._work(machine))
        self.machines.append(machine)

    @rule(data=st.data(), method=st.sampled_from(METHODS), fate=st.sampled_from(FATES), rounds=ROUNDS, more=ROUNDS)
    @precondition(lambda self: self.ready())
    def ask(self, data, method, fate, rounds, more):
        """One goes on until a request; before it arrives, and before it arrives again, others go on."""
        ready = self.ready()
        strand = ready[data.draw(st.integers(0, len(ready) - 1))]
        for _ in range(20):
            if strand.ended or not strand.wakes() or strand.asks == method:
                break
            strand.go_on()
        if strand.asks == method and not strand.ended:
            self._others(strand.machine, rounds)
            strand.go_on(fate)
            self._others(strand.machine, more)
            if strand in self.ready():
                strand.go_on()

    @rule(rounds=ROUNDS)
    def go_on(self, rounds):
        self._others(None, rounds)

    def _others(self, idle, rounds):
        for _ in range(rounds):
            for strand in self.ready():
                if strand.machine is not idle:
                    strand.go_on()
            self.server.clock += lease.POLL

    @rule(seconds=st.sampled_from([0.6, 5.0, 14.0, 16.0, 31.0, 61.0]))
    def time_passes(self, seconds):
        self.server.clock += seconds

    @rule(data=st.data())
    @precondition(lambda self: any(machine.token for machine in self.machines))
    def leave(self, data):
        data.draw(st.sampled_from([machine for machine in self.machines if machine.token])).leaving = True

    @rule(data=st.data())
    @precondition(lambda self: any(machine.alive for machine in self.machines))
    def die(self, data):
        self._kill(data.draw(st.sampled_from([machine for machine in self.machines if machine.alive])))

    def _kill(self, machine):
        machine.alive, machine.token = False, None
        for strand in machine.strands:
            while not strand.ended:
                strand.go_on()

    @invariant()
    def who_gives_signs_of_life_keeps_the_lock(self):
        for machine in self.machines:
            if machine.token and self.server.longest_silence(machine.token) < lease.LEASE:
                assert self.server.holder() == machine.token

    def teardown(self):
        """Nobody waits for ever: when all are dead, the next one comes in."""
        try:
            for machine in self.machines:
                self._kill(machine)
            self.machines.clear()
            self.come()
            [last] = self.machines
            for _ in range(1000):
                if last.token:
                    return
                self._others(None, 1)
            raise AssertionError("who came last waits for ever")
        finally:
            for machine in self.machines:
                self._kill(machine)
            self._patch.undo()


def test_nobody_loses_it_and_nobody_waits_for_ever():
    run_state_machine_as_test(World, settings=settings(max_examples=EXAMPLES, stateful_step_count=60, deadline=None))
