"""All that is tried."""

from tests.deaths.copying_scenarios import Copy, CopyAgain
from tests.deaths.registry_scenarios import Gate, Mend, Promote, Register, Reject, Rollback
from tests.deaths.schedule_scenarios import ApplyChanged, ApplyFirst
from tests.deaths.storage_scenarios import Closing, Prune
from tests.deaths.training_scenarios import Fresh, Record, Train

SCENARIOS = (
    *(Promote, Rollback, Gate, Reject, Register, Mend),
    *(Copy, CopyAgain),
    *(Prune, Closing),
    *(Train, Fresh, Record),
    *(ApplyFirst, ApplyChanged),
)
