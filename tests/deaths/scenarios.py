"""All that is tried."""

from tests.deaths.registry_scenarios import Gate, Promote, Register, Reject, Rollback
from tests.deaths.storage_scenarios import Closing, Prune
from tests.deaths.training_scenarios import Fresh, Train

SCENARIOS = (Promote, Rollback, Gate, Reject, Register, Prune, Closing, Train, Fresh)
