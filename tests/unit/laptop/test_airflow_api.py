"""The client of Airflow's REST API."""

import datetime as dt

import httpx
import pytest
from scripted_airflow import ScriptedAirflow, task

from laptop import airflow_api
from laptop.airflow_api import Run, TaskState
from laptop.errors import LaptopError

RUN = Run(dag_id="churn_training", run_id="r1")
PATH = f"GET {RUN.path}"


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries do not wait."""
    monkeypatch.setattr(airflow_api, "RETRY_PAUSES_S", (0, 0, 0))


def test_a_token_is_asked_for_once() -> None:
    """The password is exchanged for a token, which later requests carry."""
    airflow = ScriptedAirflow({PATH: [(200, {"state": "running"})]})
    api = airflow.api()
    assert (api.state(RUN), api.state(RUN)) == ("running", "running")
    assert airflow.bodies("POST /auth/token") == [{"username": "admin", "password": "password"}]


def test_an_error_says_what_was_asked_and_answered() -> None:
    """A refused trigger tells Airflow's own reason."""
    airflow = ScriptedAirflow({"POST /api/v2/dags/d/dagRuns": [(400, {"detail": "1.2 is more than 1"})]})
    with pytest.raises(LaptopError, match=r"400 to POST /api/v2/dags/d/dagRuns: 1.2 is more than 1"):
        airflow.api().trigger("d", conf={"thresholds": {"roc_auc": 1.2}})


def test_any_question_can_be_asked() -> None:
    """By its path below the API's version; a refusal is an error as of any other."""
    airflow = ScriptedAirflow({"PATCH /api/v2/pools/p": [(200, {"slots": 3})]})
    assert airflow.api().ask("PATCH", "/pools/p", {"slots": 3}) == {"slots": 3}
    assert airflow.bodies("PATCH /api/v2/pools/p") == [{"slots": 3}]
    with pytest.raises(LaptopError, match="404 to GET /api/v2/pools/q"):
        airflow.api().ask("GET", "/pools/q")


def test_a_trigger_sends_its_params() -> None:
    """A run has the conf that was given, and no logical date unless there is one."""
    airflow = ScriptedAirflow({"POST /api/v2/dags/d/dagRuns": [(200, {"dag_run_id": "m1"})]})
    assert airflow.api().trigger("d", conf={"date": "2026-03-01"}) == Run(dag_id="d", run_id="m1")
    assert airflow.bodies("POST /api/v2/dags/d/dagRuns") == [{"logical_date": None, "conf": {"date": "2026-03-01"}}]


def test_what_is_deleted_answers_nothing() -> None:
    """Airflow answers 204, without a body."""
    airflow = ScriptedAirflow({"DELETE /api/v2/pools/p": [(204, None)]})
    assert airflow.api().ask("DELETE", "/pools/p") is None


def test_a_busy_server_is_asked_again() -> None:
    """A question that was not answered in time is repeated."""
    airflow = ScriptedAirflow({PATH: [httpx.ReadTimeout("busy"), (200, {"state": "queued"})]})
    assert airflow.api().state(RUN) == "queued"


def test_a_server_that_stays_silent_is_an_error() -> None:
    """After the last try the message names the question."""
    airflow = ScriptedAirflow({PATH: [httpx.ConnectError("refused")]})
    with pytest.raises(LaptopError, match="does not answer GET /api/v2/dags/churn_training/dagRuns/r1"):
        airflow.api().state(RUN)


def test_a_request_that_may_have_taken_effect_is_not_repeated() -> None:
    """A lost answer to a trigger does not start a second run."""
    key = "POST /api/v2/dags/d/dagRuns"
    airflow = ScriptedAirflow({key: [httpx.ReadTimeout("lost")]})
    with pytest.raises(LaptopError, match="does not answer POST"):
        airflow.api().trigger("d", conf={})
    assert len(airflow.bodies(key)) == 1


def test_tasks_are_described() -> None:
    """State, duration, start and try of a task are those that Airflow gives."""
    answer = task("train", "running", start_date="2026-03-01T12:00:00Z", duration=3.5, try_number=2, map_index=4)
    airflow = ScriptedAirflow({f"{PATH}/taskInstances": [(200, {"task_instances": [answer]})]})
    started = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    expected = TaskState(task_id="train", state="running", duration_s=3.5, started=started, try_number=2, map_index=4)
    assert airflow.api().tasks(RUN) == [expected]
    assert expected.label == "train[4]"


def test_a_dag_that_is_unknown_was_not_parsed() -> None:
    """Before its first parsing a DAG is not found; after an older one it is not new enough."""
    moment = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    answers = [(404, {"detail": "no"}), (200, {"last_parsed_time": "2026-02-28T00:00:00Z"})]
    airflow = ScriptedAirflow({"GET /api/v2/dags/d": [*answers, (200, {"last_parsed_time": "2026-03-02T00:00:00Z"})]})
    api = airflow.api()
    assert [api.parsed_since("d", moment) for _ in range(3)] == [False, False, True]


def test_started_runs_are_those_of_the_events() -> None:
    """Each run that an event of the source has started is found, once."""
    made = {"dag_id": "churn_training", "run_id": "a1"}
    events = {"asset_events": [{"created_dagruns": [made]}, {"created_dagruns": [made]}, {"created_dagruns": []}]}
    airflow = ScriptedAirflow({"GET /api/v2/assets/events": [(200, events)]})
    assert airflow.api().runs_started_by(RUN) == [Run(dag_id="churn_training", run_id="a1")]
    assert airflow.bodies("GET /api/v2/assets/events") == [{"source_dag_id": RUN.dag_id, "source_run_id": "r1"}]


def test_an_event_that_airflow_cannot_describe_yet_has_started_nothing_yet() -> None:
    """An answer of 500 to the question for events is no error."""
    airflow = ScriptedAirflow({"GET /api/v2/assets/events": [(500, {"detail": "start_date"})]})
    assert airflow.api().runs_started_by(RUN) == []


def test_a_value_that_was_not_handed_on_is_none() -> None:
    """XCom of a task that returned nothing is None."""
    assert ScriptedAirflow({}).api().xcom(RUN, "resolve") is None


def test_log_entries_are_uniform() -> None:
    """Lines that Airflow could not parse are entries like all others."""
    content = {"content": ["plain", {"event": "parsed"}]}
    airflow = ScriptedAirflow({f"{PATH}/taskInstances/train/logs/1": [(200, content)]})
    entries = airflow.api().log_entries(RUN, TaskState(task_id="train", state="failed"))
    assert [entry["event"] for entry in entries] == ["plain", "parsed"]


def test_import_errors_name_their_file() -> None:
    """What keeps a DAG file from being parsed is told with its name."""
    errors = {"import_errors": [{"filename": "dags/training.py", "stack_trace": "SyntaxError\n"}]}
    airflow = ScriptedAirflow({"GET /api/v2/importErrors": [(200, errors)]})
    assert airflow.api().import_errors() == ["dags/training.py: SyntaxError"]


def test_no_answer_is_no_health() -> None:
    """A server that is still starting has no health."""
    assert ScriptedAirflow({"GET /api/v2/monitor/health": [httpx.ConnectError("refused")]}).api().health() is None


def test_a_server_too_slow_to_be_warmed_up_is_an_error_in_words() -> None:
    """The message names what was asked and what to do."""
    airflow = ScriptedAirflow({"GET /execution/health": [httpx.ReadTimeout("slow")]})
    with pytest.raises(LaptopError, match=r"did not answer GET /execution/health within 60 s: .*; see its log"):
        airflow.api().warm_up()
