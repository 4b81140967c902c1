"""The ledger: the newest requests, by what they were."""

from localaws.faults.ledger import FIELDS, Entry, Ledger


def entry(**fields: object) -> Entry:
    """A request that created a training job, but for the fields given."""
    usual = {"service": "sagemaker", "operation": "CreateTrainingJob", "name": "churn-1", "status": 200}
    return Entry(**{**dict.fromkeys(FIELDS), **usual, "took_effect": True, **fields})


def test_the_oldest_go_first() -> None:
    """Memory is bounded: beyond its length the ledger forgets."""
    ledger = Ledger(length=2)
    for name in ("a", "b", "c"):
        ledger.note(entry(name=name))
    assert [found["name"] for found in ledger.entries({})] == ["b", "c"]


def test_entries_are_found_by_their_fields() -> None:
    """Every pattern must match; truth reads as in JSON, and what is missing as an empty text."""
    ledger = Ledger()
    ledger.note(entry(name="churn-1"))
    ledger.note(entry(name="churn-2", status=None, fault="refused", took_effect=False))
    ledger.note(entry(service="s3", operation="PutObject", name=None, key="raw/part.csv"))
    queries = [
        {"operation": "CreateTrainingJob"},
        {"took_effect": "true"},
        {"name": "churn-*", "fault": "refused"},
        {"status": ""},
        {"key": "raw/*"},
        {"name": "fraud-*"},
    ]
    assert [len(ledger.entries(query)) for query in queries] == [2, 2, 1, 1, 1, 0]


def test_a_ledger_can_be_cleared() -> None:
    """Nothing is left of what was."""
    ledger = Ledger()
    ledger.note(entry())
    ledger.clear()
    assert ledger.entries({}) == []
