"""The founding page, statement by statement, over plain HTTP against the real server.

The page is the published one of ``PATCH /rest/vcenter/extension/tasks/{task_id}``; what it says
holds at the door ``/api`` as well, so each test runs at both. Each begins with the statement it
proves. Refusals are read back: the task is as it was, its ETag too.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.serving import Caller, Reply, Spec, failure, progress, text

INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
EARLY, LATER, LATEST = (f"2015-01-01T{hour}:13:05.651Z" for hour in ("20", "21", "22"))
WAYS: dict[str, list[Spec]] = {
    "PENDING": [],
    "RUNNING": [{"status": "RUNNING", "percent_done": progress(3, 10)}],
    "BLOCKED": [{"status": "RUNNING", "percent_done": progress(3, 10)}, {"status": "BLOCKED"}],
    "SUCCEEDED": [{"status": "RUNNING"}, {"status": "SUCCEEDED", "result": "done"}],
    "FAILED": [{"status": "RUNNING"}, {"status": "FAILED", "error": failure()}],
}
OPEN = ("RUNNING", "BLOCKED")
FINISHED = ("SUCCEEDED", "FAILED")
NOT_ALLOWED = (400, "not_allowed_in_current_state")
INVALID = (400, "invalid_argument")


def task_in(admin: Caller, status: str, **spec: Any) -> str:
    """A task that has come to a status."""
    task_id = admin.create(description=text("Nightly backup"), **spec)
    for step in WAYS[status]:
        done(admin.patch(task_id, step))
    return task_id


@pytest.fixture
def admin(at_door: Caller) -> Caller:
    """The administrator at each door."""
    return at_door


def done(reply: Reply) -> Reply:
    """An accepted update: an empty body, and the status that says so at this door."""
    assert reply.done, reply
    return reply


def refused(admin: Caller, task_id: str, spec: Any) -> Reply:
    """A refused update; the task is unchanged, and the refusal tells its revision."""
    before = admin.get(task_id)
    reply = admin.patch(task_id, spec)
    assert reply.status == 400, reply
    after = admin.get(task_id)
    assert after.value == before.value
    assert after.etag == before.etag == reply.etag
    return reply


def place(admin: Caller, path: str) -> str:
    """How a refusal names a place in the spec."""
    return f"spec.{path}:" if admin.door.wraps else f"{path}:"


def instant(value: str) -> datetime:
    assert INSTANT.fullmatch(value), value
    return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def now_is_between(value: str, before: datetime, after: datetime) -> bool:
    """Whether an instant was taken between two others, which a clock of our own gave."""
    margin = timedelta(seconds=1)
    return before - margin <= instant(value) <= after + margin


class TestRequest:
    """Path, method, and the body: ``{"spec": …}``, or the spec itself on ``/api``."""

    def test_update_answers_with_an_empty_body(self, admin: Caller) -> None:
        reply = admin.patch(admin.create(), {"status": "RUNNING"})
        assert (reply.status, reply.body) == ({"rest": 200, "api": 204}[admin.door.name], b"")
        assert "content-type" not in reply.headers
        # HTTP forbids the length of an answer that can have no body.
        assert reply.headers.get("content-length") == {"rest": "0", "api": None}[admin.door.name]

    @pytest.mark.parametrize("status", WAYS)
    def test_every_field_is_optional(self, admin: Caller, status: str) -> None:
        task_id = task_in(admin, status)
        before = admin.get(task_id)
        done(admin.patch(task_id, {}))
        assert (admin.get(task_id).value, admin.get(task_id).etag) == (before.value, before.etag)

    def test_null_is_unset(self, admin: Caller) -> None:
        task_id = task_in(admin, "FAILED", target={"type": "VirtualMachine", "id": "vm-1"})
        before = admin.get(task_id)
        names = (
            *("percent_done", "description", "status", "error"),
            *("result", "start_time", "end_time"),
        )
        done(admin.patch(task_id, dict.fromkeys(names)))
        assert (admin.get(task_id).value, admin.get(task_id).etag) == (before.value, before.etag)

    @pytest.mark.parametrize("spec", [None, [], "", 1, {"spec": {}}, {"spec": None}], ids=str)
    def test_the_spec_is_required(self, admin: Caller, spec: Any) -> None:
        assert refused(admin, admin.create(), spec).refused == INVALID

    @pytest.mark.parametrize("body", [b"{}", b"[]", b"null"])
    def test_the_spec_has_its_member_on_rest(self, admin: Caller, body: bytes) -> None:
        reply = admin.send("PATCH", f"{admin.door.extension_tasks}/{admin.create()}", body)
        if body == b"{}" and not admin.door.wraps:
            done(reply)
        else:
            assert reply.refused == INVALID

    def test_the_task_of_the_path_is_updated_and_no_other(self, admin: Caller) -> None:
        one, other = admin.create(), admin.create()
        done(admin.patch(one, {"status": "RUNNING"}))
        assert admin.get(one).value["status"] == "RUNNING"
        assert admin.get(other).value["status"] == "PENDING"

    def test_an_unknown_task_is_not_found(self, admin: Caller) -> None:
        reply = admin.patch("nosuchtasknosuchtasknosuch", {"status": "RUNNING"})
        assert reply.refused == (404, "not_found")
        assert reply.etag is None


class TestUnsetLeavesTheStoredValue:
    """What the page says of each field: if unset, the current one remains as it is."""

    @pytest.mark.parametrize("field", ["description", "result", "error", "end_time"])
    def test_one_field_changes_and_the_others_stay(self, admin: Caller, field: str) -> None:
        soon = written(datetime.now(UTC) + timedelta(hours=1))
        changes: Spec = {
            "description": text("Weekly backup"),
            "result": {"copied": 3},
            "error": failure("Disk on fire", "timed_out"),
            "end_time": soon,
        }
        task_id = admin.create(description=text("Nightly backup"))
        done(admin.patch(task_id, {"status": "RUNNING", "percent_done": progress(3, 10)}))
        done(admin.patch(task_id, {"status": "FAILED", "error": failure(), "result": "none"}))
        before = admin.get(task_id).value
        done(admin.patch(task_id, {field: changes[field]}))
        after = admin.get(task_id).value
        assert {name for name in before if before[name] != after[name]} == {field}
        assert set(after) == set(before)

    def test_progress_stays_when_the_status_changes(self, admin: Caller) -> None:
        task_id = task_in(admin, "RUNNING")
        done(admin.patch(task_id, {"status": "BLOCKED"}))
        assert admin.get(task_id).value["progress"] == progress(3, 10)

    def test_the_status_stays_when_progress_changes(self, admin: Caller) -> None:
        task_id = task_in(admin, "RUNNING")
        done(admin.patch(task_id, {"percent_done": progress(4, 10)}))
        after = admin.get(task_id).value
        assert (after["status"], after["progress"]) == ("RUNNING", progress(4, 10))


class TestPercentDone:
    """``percent_done``, ``total``, ``completed`` and its message."""

    @pytest.mark.parametrize("status", ["PENDING", "BLOCKED", "SUCCEEDED", "FAILED"])
    def test_only_of_a_running_task(self, admin: Caller, status: str) -> None:
        task_id = task_in(admin, status)
        reply = refused(admin, task_id, {"percent_done": progress(4, 10)})
        assert reply.refused == NOT_ALLOWED
        assert "percent_done" in reply.text

    @pytest.mark.parametrize(
        ("completed", "total"), [(-1, 10), (11, 10), (1, 0), (0, -1), (-(2**63), 2**63 - 1)]
    )
    def test_completed_is_from_0_to_total(self, admin: Caller, completed: int, total: int) -> None:
        task_id = admin.create(status="RUNNING")
        reply = refused(admin, task_id, {"percent_done": progress(completed, total)})
        assert reply.refused == INVALID
        assert "percent_done" in reply.text

    @pytest.mark.parametrize(("completed", "total"), [(0, 0), (0, 1), (10, 10), (2**63 - 1,) * 2])
    def test_the_bounds_themselves_are_fine(
        self, admin: Caller, completed: int, total: int
    ) -> None:
        task_id = admin.create(status="RUNNING")
        done(admin.patch(task_id, {"percent_done": progress(completed, total)}))
        assert admin.get(task_id).value["progress"] == progress(completed, total)

    def test_completed_can_only_be_incremented(self, admin: Caller) -> None:
        task_id = task_in(admin, "RUNNING")
        for completed in (3, 4, 9):
            done(admin.patch(task_id, {"percent_done": progress(completed, 10)}))
        for completed in (8, 0):
            reply = refused(admin, task_id, {"percent_done": progress(completed, 10)})
            assert reply.refused == INVALID
        done(admin.patch(task_id, {"percent_done": progress(9, 9)}))

    def test_its_message_is_kept(self, admin: Caller) -> None:
        task_id = task_in(admin, "RUNNING")
        done(admin.patch(task_id, {"percent_done": progress(3, 10, "Still copying")}))
        assert admin.get(task_id).value["progress"] == progress(3, 10, "Still copying")

    @pytest.mark.parametrize("member", ["total", "completed", "message"])
    def test_its_members_are_required(self, admin: Caller, member: str) -> None:
        given = {name: part for name, part in progress(4, 10).items() if name != member}
        reply = refused(admin, task_in(admin, "RUNNING"), {"percent_done": given})
        assert reply.refused == INVALID
        assert reply.text.startswith(place(admin, f"percent_done.{member}"))

    def test_a_task_that_never_reported_shows_0_of_0(self, admin: Caller) -> None:
        task_id = admin.create(status="RUNNING")
        empty = {"id": "", "default_message": "", "args": []}
        shown = {"total": 0, "completed": 0, "message": empty}
        assert admin.get(task_id).value["progress"] == shown


class TestStatus:
    """``status``, and that a completed or errored task keeps it."""

    @pytest.mark.parametrize("before", FINISHED)
    @pytest.mark.parametrize("after", WAYS)
    def test_a_finished_task_keeps_its_status(self, admin: Caller, before: str, after: str) -> None:
        if before == after:
            return
        error = {"error": failure()} if after == "FAILED" else {}
        reply = refused(admin, task_in(admin, before), {"status": after, **error})
        assert reply.refused == NOT_ALLOWED

    @pytest.mark.parametrize("after", WAYS)
    @pytest.mark.parametrize("before", ["PENDING", *OPEN])
    def test_an_open_task_may_become_anything_but_pending(
        self, admin: Caller, before: str, after: str
    ) -> None:
        task_id = task_in(admin, before)
        spec = {"status": after, **({"error": failure()} if after == "FAILED" else {})}
        if after == "PENDING" and before != "PENDING":
            assert refused(admin, task_id, spec).refused == INVALID
        else:
            done(admin.patch(task_id, spec))
            assert admin.get(task_id).value["status"] == after

    @pytest.mark.parametrize("status", ["", "running", "DONE", "CANCELED", 1, ["RUNNING"], True])
    def test_an_invalid_status_is_an_invalid_argument(self, admin: Caller, status: Any) -> None:
        reply = refused(admin, admin.create(), {"status": status})
        assert reply.refused == INVALID
        assert reply.text.startswith(place(admin, "status"))

    def test_nothing_of_a_refused_spec_is_done(self, admin: Caller) -> None:
        task_id = task_in(admin, "SUCCEEDED")
        refused(admin, task_id, {"status": "RUNNING", "description": text("Not this")})
        refused(admin, task_id, {"description": text("Not this"), "percent_done": progress(9, 9)})


class TestError:
    """``error``: needed when the status is FAILED, only relevant then."""

    @pytest.mark.parametrize("before", ["PENDING", *OPEN])
    def test_failed_without_an_error_is_an_invalid_argument(
        self, admin: Caller, before: str
    ) -> None:
        reply = refused(admin, task_in(admin, before), {"status": "FAILED"})
        assert reply.refused == INVALID
        assert reply.text.startswith("error")

    @pytest.mark.parametrize("before", ["PENDING", *OPEN])
    def test_failed_with_an_error_is_accepted_and_shown(self, admin: Caller, before: str) -> None:
        task_id = task_in(admin, before)
        done(admin.patch(task_id, {"status": "FAILED", "error": failure("Full", "timed_out")}))
        shown = admin.door.shown_error(failure("Full", "timed_out"))
        assert admin.get(task_id).value["error"] == shown

    @pytest.mark.parametrize("status", ["PENDING", "RUNNING", "BLOCKED", "SUCCEEDED"])
    def test_an_error_without_failed_is_refused(self, admin: Caller, status: str) -> None:
        assert refused(admin, task_in(admin, status), {"error": failure()}).refused == INVALID
        spec = {"status": status, "error": failure()}
        assert refused(admin, admin.create(), spec).refused == INVALID

    def test_the_empty_error_of_the_sample_is_the_general_one(self, admin: Caller) -> None:
        task_id = admin.create()
        done(admin.patch(task_id, {"status": "FAILED", "error": {}}))
        shown = {"type": "com.vmware.vapi.std.errors.error", "value": {"messages": []}}
        assert admin.get(task_id).value["error"] == admin.door.shown_error(shown)


class TestResult:
    """``result``: partial before the end, may change, comes back equal."""

    RESULTS: tuple[Any, ...] = (
        *("text", "", 0, -1.5, 2**53 + 1, True, False),
        *([], {}, [1, [2, {"three": None}]], {"äöü": "😀", "list": [None]}),
    )

    @pytest.mark.parametrize("status", OPEN)
    def test_a_partial_result_may_come_and_change_before_the_end(
        self, admin: Caller, status: str
    ) -> None:
        task_id = task_in(admin, status)
        for result in ({"copied": 1}, {"copied": 2}, "half"):
            done(admin.patch(task_id, {"result": result}))
            assert admin.get(task_id).value["result"] == result
        done(admin.patch(task_id, {"status": "SUCCEEDED", "result": "all"}))
        assert admin.get(task_id).value["result"] == "all"

    def test_a_pending_task_has_none(self, admin: Caller) -> None:
        assert refused(admin, admin.create(), {"result": 1}).refused == INVALID

    def test_it_is_unset_when_none_was_given(self, admin: Caller) -> None:
        task_id = admin.create(status="SUCCEEDED")
        assert "result" not in admin.get(task_id).value

    @pytest.mark.parametrize("result", RESULTS, ids=repr)
    def test_it_comes_back_equal(self, admin: Caller, result: Any) -> None:
        task_id = admin.create(status="SUCCEEDED", result=result)
        shown = admin.get(task_id).value["result"]
        assert (shown, type(shown)) == (result, type(result))


class TestStartTime:
    """``start_time``: unset while PENDING, the system time when none is given."""

    @pytest.mark.parametrize("after", [*OPEN, *FINISHED])
    def test_leaving_pending_sets_the_system_time(self, admin: Caller, after: str) -> None:
        task_id = admin.create()
        assert "start_time" not in admin.get(task_id).value
        before = datetime.now(UTC)
        spec = {"status": after, **({"error": failure()} if after == "FAILED" else {})}
        done(admin.patch(task_id, spec))
        assert now_is_between(admin.get(task_id).value["start_time"], before, datetime.now(UTC))

    @pytest.mark.parametrize("after", [*OPEN, *FINISHED])
    def test_a_given_one_counts(self, admin: Caller, after: str) -> None:
        task_id = admin.create()
        error = {"error": failure()} if after == "FAILED" else {}
        done(admin.patch(task_id, {"status": after, "start_time": EARLY, **error}))
        assert admin.get(task_id).value["start_time"] == EARLY

    @pytest.mark.parametrize("status", OPEN)
    def test_an_open_task_may_correct_it(self, admin: Caller, status: str) -> None:
        task_id = task_in(admin, status)
        done(admin.patch(task_id, {"start_time": LATER}))
        assert admin.get(task_id).value["start_time"] == LATER

    @pytest.mark.parametrize("status", ["PENDING", *FINISHED])
    def test_not_of_a_task_that_does_not_run(self, admin: Caller, status: str) -> None:
        reply = refused(admin, task_in(admin, status), {"start_time": EARLY})
        assert reply.refused == NOT_ALLOWED


class TestEndTime:
    """``end_time``: only of a finished task, the system time when none is given."""

    @pytest.mark.parametrize("after", FINISHED)
    def test_finishing_sets_the_system_time(self, admin: Caller, after: str) -> None:
        task_id = task_in(admin, "RUNNING")
        assert "end_time" not in admin.get(task_id).value
        before = datetime.now(UTC)
        spec = {"status": after, **({"error": failure()} if after == "FAILED" else {})}
        done(admin.patch(task_id, spec))
        assert now_is_between(admin.get(task_id).value["end_time"], before, datetime.now(UTC))

    @pytest.mark.parametrize("after", FINISHED)
    def test_a_given_one_counts(self, admin: Caller, after: str) -> None:
        task_id = task_in(admin, "RUNNING")
        done(admin.patch(task_id, {"start_time": EARLY}))
        error = {"error": failure()} if after == "FAILED" else {}
        done(admin.patch(task_id, {"status": after, "end_time": LATEST, **error}))
        shown = admin.get(task_id).value
        assert (shown["start_time"], shown["end_time"]) == (EARLY, LATEST)

    @pytest.mark.parametrize("status", ["PENDING", *OPEN])
    def test_not_of_a_task_that_is_not_finished(self, admin: Caller, status: str) -> None:
        reply = refused(admin, task_in(admin, status), {"end_time": LATEST})
        assert reply.refused == NOT_ALLOWED

    @pytest.mark.parametrize("status", FINISHED)
    def test_a_finished_task_may_correct_it(self, admin: Caller, status: str) -> None:
        task_id = task_in(admin, status)
        done(admin.patch(task_id, {"end_time": LATEST}))
        assert admin.get(task_id).value["end_time"] == LATEST

    def test_an_end_before_a_given_start_is_invalid(self, admin: Caller) -> None:
        task_id = admin.create(status="RUNNING", start_time=LATER)
        reply = refused(admin, task_id, {"status": "SUCCEEDED", "end_time": EARLY})
        assert reply.refused == INVALID

    @pytest.mark.parametrize("field", ["start_time", "end_time"])
    @pytest.mark.parametrize(
        "value",
        [
            *("", "yesterday", "2015-01-01", "2015-01-01T22:13:05.651", "2015-02-29T00:00:00Z"),
            *("2015-01-01T22:13:60Z", "2015-01-01t22:13:05z", 1420150385, "now"),
        ],
    )
    def test_an_invalid_time_is_an_invalid_argument(
        self, admin: Caller, field: str, value: Any
    ) -> None:
        spec = {"status": "SUCCEEDED", field: value}
        reply = refused(admin, task_in(admin, "RUNNING"), spec)
        assert reply.refused == INVALID
        assert reply.text.startswith(place(admin, field))

    @pytest.mark.parametrize("field", ["start_time", "end_time"])
    def test_far_in_the_future_is_an_invalid_argument(self, admin: Caller, field: str) -> None:
        moment = written(datetime.now(UTC) + timedelta(days=2))
        reply = refused(admin, admin.create(), {"status": "SUCCEEDED", field: moment})
        assert reply.refused == INVALID


class TestDescription:
    """``description``: may change in every status, and comes back as it was sent."""

    FULL: Spec = {
        "id": "com.acme.backup.running",
        "default_message": "Copying {0}",
        "args": ["web-01", ""],
        "localized": "Kopiere web-01",
        "params": [
            {
                "key": "when",
                "value": {
                    "dt": "2015-01-01T22:13:05.651Z",
                    "format": "SHORT_DATE",
                    "i": 1,
                    "s": "text",
                    "d": 1.5,
                    "precision": 1,
                    "l": {"id": "inner", "params": [{"key": "empty", "value": {}}]},
                },
            }
        ],
    }

    @pytest.mark.parametrize("status", WAYS)
    def test_it_may_change_in_every_status(self, admin: Caller, status: str) -> None:
        task_id = task_in(admin, status)
        done(admin.patch(task_id, {"description": self.FULL}))
        assert admin.get(task_id).value["description"] == admin.door.spelled(self.FULL)

    @pytest.mark.parametrize("member", ["id", "default_message", "args"])
    def test_its_members_are_required(self, admin: Caller, member: str) -> None:
        given = {name: part for name, part in self.FULL.items() if name != member}
        reply = refused(admin, admin.create(), {"description": given})
        assert reply.refused == INVALID
        assert reply.text.startswith(place(admin, f"description.{member}"))


def test_the_whole_sample_of_the_page(admin: Caller) -> None:
    """The page's sample body, with the commas and colons it lost, and a status that fits it."""
    inner: Spec = {"id": "string", "params": [{"key": "string"}]}
    param = {
        "dt": "2015-01-01T22:13:05.651Z",
        "s": "string",
        "d": 1.5,
        "precision": 1,
        "format": "SHORT_DATE",
        "i": 1,
    }
    nested = {"id": "string", "params": [{"value": {**param, "l": inner}, "key": "string"}]}
    message = {
        "args": ["string", "string"],
        "default_message": "string",
        "localized": "string",
        "id": "string",
        "params": [{"value": {**param, "l": nested}, "key": "string"}],
    }
    spec = {
        "result": "opaque_string_value",
        "start_time": "2015-01-01T22:13:05.651Z",
        "percent_done": {"total": 1, "completed": 1, "message": message},
        "end_time": "2015-01-01T22:13:05.651Z",
        "description": message,
        "error": {},
    }
    task_id = admin.create()
    assert refused(admin, task_id, {**spec, "status": "PENDING"}).refused == NOT_ALLOWED
    done(admin.patch(task_id, {"status": "RUNNING", "percent_done": spec["percent_done"]}))
    rest = {name: part for name, part in spec.items() if name != "percent_done"}
    done(admin.patch(task_id, {**rest, "status": "FAILED"}))
    shown = admin.get(task_id).value
    assert shown["result"] == "opaque_string_value"
    assert shown["start_time"] == shown["end_time"] == "2015-01-01T22:13:05.651Z"
    assert shown["progress"]["message"] == shown["description"]
    inner["params"] = [{"key": "string", "value": {}}]
    assert shown["description"] == admin.door.spelled(message)
