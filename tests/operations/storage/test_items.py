from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from operations.storage.items import Item, Kind, Policy, reasons, removable

NOW = datetime(2026, 5, 1, tzinfo=UTC)
OLD = NOW - timedelta(days=90)
MONTH = timedelta(days=30)


def item(kind, key, changed=OLD, needs=(), **rest):
    return Item(kind, key, key, 10, changed, frozenset(needs), **rest)


def going(items, keep=1, older_than=MONTH):
    policy = Policy(keep, older_than)
    return [each.key for each in removable(items, reasons(items, policy, NOW))]


def test_what_nothing_needs_goes():
    assert going([item(Kind.ARRAY, "a"), item(Kind.REPORT, "r")]) == ["a", "r"]


def test_what_is_young_stays():
    assert going([item(Kind.ARRAY, "a", NOW - timedelta(days=29)), item(Kind.ARRAY, "b", NOW - MONTH)]) == ["b"]


def test_an_alias_keeps_all_that_its_version_needs():
    version = item(Kind.VERSION, "pets/1", needs=[(Kind.RUN, "one")], pinned="champion")
    run = item(Kind.RUN, "one", needs=[(Kind.ARTIFACT, "data"), (Kind.LOG, "not there")])
    artifact = item(Kind.ARTIFACT, "data", needs=[(Kind.ARRAY, "array")])
    items = [version, run, artifact, item(Kind.ARRAY, "array"), item(Kind.ARRAY, "other")]
    assert going(items) == ["other"]
    assert reasons(items, Policy(1, MONTH), NOW)[Kind.ARRAY, "array"] == "data needs it"


def test_the_newest_of_each_model_stay():
    days = [item(Kind.VERSION, f"{name}/{day}", OLD + timedelta(day), group=name) for name in "ab" for day in range(4)]
    assert going(days, keep=3) == ["a/0", "b/0"]
    assert going(days, keep=9) == []


def test_champions_that_a_rollback_goes_to_stay():
    former = [item(Kind.VERSION, f"pets/{back}", former=back) for back in (1, 2, 3)]
    assert going(former, keep=2) == ["pets/3"]


def test_needs_may_go_in_circles():
    circle = [item(Kind.RUN, "a", needs=[(Kind.RUN, "b")]), item(Kind.RUN, "b", needs=[(Kind.RUN, "a")])]
    assert going(circle) == ["a", "b"]
    assert going([*circle, item(Kind.VERSION, "v", needs=[(Kind.RUN, "b")], pinned="champion")]) == []


def test_a_run_goes_after_all_that_it_tells_of():
    kinds = [Kind.RUN, Kind.ARRAY, Kind.VERSION, Kind.ARTIFACT, Kind.LOG, Kind.TRACKED]
    assert going([item(kind, kind) for kind in kinds])[0] == Kind.VERSION
    assert going([item(kind, kind) for kind in kinds])[-1] == Kind.RUN


ITEMS = st.lists(
    st.builds(
        lambda kind, key, age, needs, pinned, group, former: Item(
            kind, key, key, 1, NOW - timedelta(hours=age), frozenset(needs), pinned, group, former
        ),
        st.sampled_from(Kind),
        st.sampled_from("01234567"),
        st.integers(0, 2_000),
        st.lists(st.tuples(st.sampled_from(Kind), st.sampled_from("01234567")), max_size=4),
        st.sampled_from(["", "", "", "champion"]),
        st.sampled_from(["", "a", "b"]),
        st.integers(0, 3),
    ),
    max_size=40,
    unique_by=lambda each: each.id,
)
POLICIES = st.builds(Policy, st.integers(1, 5), st.integers(0, 2_000).map(lambda hours: timedelta(hours=hours)))


@given(ITEMS, POLICIES)
def test_nothing_that_stays_needs_what_goes(items, policy):
    staying = reasons(items, policy, NOW)
    gone = {each.id for each in removable(items, staying)}
    assert all(not each.needs & gone for each in items if each.id in staying)
    assert not any(each.pinned for each in items if each.id in gone)


@given(ITEMS, POLICIES)
def test_a_second_removal_finds_nothing(items, policy):
    staying = reasons(items, policy, NOW)
    left = [each for each in items if each.id in staying]
    assert removable(left, reasons(left, policy, NOW)) == []


@given(ITEMS, POLICIES, st.integers(0, 5), st.integers(0, 500))
def test_a_more_cautious_policy_removes_no_more(items, policy, more, hours):
    cautious = Policy(policy.keep + more, policy.older_than + timedelta(hours=hours))
    gone = {each.id for each in removable(items, reasons(items, policy, NOW))}
    assert {each.id for each in removable(items, reasons(items, cautious, NOW))} <= gone
