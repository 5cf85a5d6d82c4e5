"""Every reason Milepost gives for saying no: one table, with the id, the error and the text.

The ids are stable and part of the API. ``default_message`` is the text with its arguments put
in; arguments are data and never templates. The docs list this table.
"""
# long: it is one table

from __future__ import annotations

from typing import NamedTuple

from milepost.rules.values import ErrorName as E
from milepost.rules.values import Message, Value


class Reason(NamedTuple):
    """One way a request can be refused."""

    id: str
    error: E
    text: str


class Refusal(Value, frozen=True):
    """A refusal as a value: nothing was changed.

    ``more`` are further faults that were found with this one; ``localized`` is its text in the
    reader's language.
    """

    reason: Reason
    args: tuple[str, ...] = ()
    more: tuple[Refusal, ...] = ()
    localized: str | None = None

    @property
    def error(self) -> E:
        """The standard error a door reports."""
        return self.reason.error

    @property
    def message(self) -> Message:
        """The message a door sends."""
        text = self.reason.text.format(*self.args)
        return Message(self.reason.id, text, self.args, localized=self.localized)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The message, and those of the further faults."""
        return (self.message, *(other.message for other in self.more))


def shortened(text: str, limit: int = 60) -> str:
    """A text as an error message shows it: cut, when it is long."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


# The rules of the update table, in its order.
FINISHED = Reason(
    "milepost.task.finished",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "status: the task is {0}, which is final; it cannot become {1}.",
)
BACK_TO_PENDING = Reason(
    "milepost.task.back_to_pending",
    E.INVALID_ARGUMENT,
    "status: the task is {0}; it cannot become {1} again.",
)
PROGRESS_NOT_RUNNING = Reason(
    "milepost.task.progress_not_running",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "percent_done: progress {2} of {3} was given, but the status is {0} before and {1} after"
    " this update; only a running task reports progress.",
)
PROGRESS_NEGATIVE = Reason(
    "milepost.task.progress_negative",
    E.INVALID_ARGUMENT,
    "percent_done.{0}: {1} is below 0.",
)
PROGRESS_OVER_TOTAL = Reason(
    "milepost.task.progress_over_total",
    E.INVALID_ARGUMENT,
    "percent_done.completed: {0} is more than the total {1}.",
)
PROGRESS_BACKWARDS = Reason(
    "milepost.task.progress_backwards",
    E.INVALID_ARGUMENT,
    "percent_done.completed: {0} is less than the stored {1}; it can only grow.",
)
START_NOT_ALLOWED = Reason(
    "milepost.task.start_not_allowed",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "start_time: {1} cannot be set while the task is {0}.",
)
END_NOT_ALLOWED = Reason(
    "milepost.task.end_not_allowed",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "end_time: {1} cannot be set while the task is {0}; only a finished task has an end.",
)
END_BEFORE_START = Reason(
    "milepost.task.end_before_start",
    E.INVALID_ARGUMENT,
    "end_time: {0} lies before the start {1}.",
)
TIME_IN_FUTURE = Reason(
    "milepost.task.time_in_future",
    E.INVALID_ARGUMENT,
    "{0}: {1} lies more than {2} seconds in the future.",
)
ERROR_MISSING = Reason(
    "milepost.task.error_missing",
    E.INVALID_ARGUMENT,
    "error: it must be given when status is FAILED.",
)
ERROR_NOT_FAILED = Reason(
    "milepost.task.error_not_failed",
    E.INVALID_ARGUMENT,
    "error: {1} was given, but the status is {0}; only a FAILED task has an error.",
)
RESULT_PENDING = Reason(
    "milepost.task.result_pending",
    E.INVALID_ARGUMENT,
    "result: {0} was given, but a PENDING task has no result.",
)

LEASE_FINISHED = Reason(
    "milepost.lease.finished",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "lease_seconds: {1} was given, but the task is {0}; only an open task has a lease.",
)
CANCEL_NOT_REQUESTED = Reason(
    "milepost.task.cancel_not_requested",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "cancel: acknowledged was given, but nobody has asked for the end of the task.",
)
CANCEL_LATE = Reason(
    "milepost.task.cancel_late",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "cancel: acknowledged was given, but the task is {0} already.",
)

# Strict mode, create, cancel.
FIELD_NEEDS_STATUS = Reason(
    "milepost.spec.field_needs_status",
    E.INVALID_ARGUMENT,
    "{0}: {1} may not be given when the same spec names {2} (the server checks specs strictly).",
)
PARENT_UNKNOWN = Reason(
    "milepost.task.parent_unknown", E.INVALID_ARGUMENT, "parent_task: there is no task {0}."
)
OPERATION_CLOSED = Reason(
    "milepost.task.operation_not_registered",
    E.INVALID_ARGUMENT,
    "operation_id: {0} is not among the registered operations of the extension {1}.",
)
NOT_LATE_ENOUGH = Reason(
    "milepost.task.force_close_early",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "task: its end was asked for at {0}; the extension has until {1}.",
)
NO_CANCEL_TO_FORCE = Reason(
    "milepost.task.force_close_unasked",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "task: nobody has asked for its end, so it cannot be closed by force.",
)
FORCE_FINISHED = Reason(
    "milepost.task.force_close_finished",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "task: it is {0} already and cannot be closed by force.",
)
HEARTBEAT_FINISHED = Reason(
    "milepost.lease.heartbeat_finished",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "task: it is {0}; only an open task has a heartbeat.",
)
# What the service itself says in the error of a task that it ends.
LEASE_EXPIRED = Reason(
    "milepost.lease.expired",
    E.TIMED_OUT,
    "Nothing was heard of the task for {0} seconds, the length of its lease.",
)
FORCE_CLOSED = Reason(
    "milepost.task.force_closed",
    E.CANCELED,
    "{0} closed the task by force: the extension had not ended it since {1}.",
)
CANCEL_FINISHED = Reason(
    "milepost.task.cancel_finished",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "task: it is {0} already and cannot be canceled.",
)
NOT_CANCELABLE = Reason(
    "milepost.task.not_cancelable", E.UNSUPPORTED, "task: {0} was created as not cancelable."
)
# No refusal: the error of a task whose operation lets a cancel end it while it waits.
CANCELED_PENDING = Reason(
    "milepost.task.canceled", E.CANCELED, "The task was canceled before it had begun."
)

# Reading and finding.
TASK_UNKNOWN = Reason("milepost.task.unknown", E.NOT_FOUND, "task: there is no task {0}.")
TASK_EXPIRED = Reason(
    "milepost.task.expired",
    E.NOT_FOUND,
    "task: {0} was finished, and was removed when it had been kept long enough.",
)
FILTER_EMPTY = Reason(
    "milepost.list.filter_empty",
    E.INVALID_ARGUMENT,
    "filter_spec: it needs tasks or services, and neither was given.",
)
TOO_MANY_MATCHES = Reason(
    "milepost.list.too_many",
    E.RESOURCE_INACCESSIBLE,
    "filter_spec: more than {0} tasks match; narrow the filter.",
)
LIST_TOO_LARGE = Reason(
    "milepost.list.too_large",
    E.RESOURCE_INACCESSIBLE,
    "filter_spec: the tasks that match hold more than {0} bytes; narrow the filter.",
)

BAD_PAGE_TOKEN = Reason(
    "milepost.list.bad_page_token",
    E.INVALID_ARGUMENT,
    "page_token: {0} is not the token of a page of this list for this caller.",
)
REVISION_MISMATCH = Reason(
    "milepost.task.revision_mismatch",
    E.CONCURRENT_CHANGE,
    "If-Match: the task is at revision {0}, which is not among {1}.",
)
KEY_USED = Reason(
    "milepost.task.key_used",
    E.CONCURRENT_CHANGE,
    "Idempotency-Key: {0} was sent with another body before.",
)
BAD_IDEMPOTENCY_KEY = Reason(
    "milepost.http.bad_idempotency_key",
    E.INVALID_REQUEST,
    "Idempotency-Key: {0} is not 1 to 255 printable characters of ASCII.",
)
BAD_ETAG = Reason(
    "milepost.http.bad_etag",
    E.INVALID_REQUEST,
    '{0}: {1} is not * and no list of ETags like "3".',
)

# Who may what.
NOT_YOURS = Reason(
    "milepost.access.not_allowed",
    E.UNAUTHORIZED,
    "{0}: with the role {1} you may see it, but not {2} it.",
)
CREATE_NOT_ALLOWED = Reason(
    "milepost.access.create_not_allowed", E.UNAUTHORIZED, "The role {0} may not create tasks."
)
EXTENSION_NOT_ALLOWED = Reason(
    "milepost.access.extension_not_allowed",
    E.UNAUTHORIZED,
    "extension: {1} was given; the role {0} may not say whose task it is.",
)
PIN_NOT_ALLOWED = Reason(
    "milepost.access.pin_not_allowed",
    E.UNAUTHORIZED,
    "pinned: {1} was given; the role {0} may not decide how long tasks are kept.",
)
USERS_NOT_ALLOWED = Reason(
    "milepost.access.users_not_allowed",
    E.UNAUTHORIZED,
    "The role {0} may not look at users or change them.",
)
OUT_OF_SCOPE = Reason(
    "milepost.access.out_of_scope",
    E.UNAUTHORIZED,
    "{0}: with a token of the scope {1} you may see it, but not {2} it.",
)
SCOPE_CREATES_NOT = Reason(
    "milepost.access.scope_creates_not",
    E.UNAUTHORIZED,
    "A token of the scope {0} may not create tasks.",
)
TOKENS_NOT_ALLOWED = Reason(
    "milepost.access.tokens_not_allowed",
    E.UNAUTHORIZED,
    "The role {0} may not look after the tokens of others.",
)
TOKENS_NEED_SESSION = Reason(
    "milepost.access.tokens_need_session",
    E.UNAUTHORIZED,
    "This is not for a token: log in with a password and send the session.",
)
TOKEN_UNKNOWN = Reason(
    "milepost.access.token_unknown",
    E.UNAUTHENTICATED,
    "The token counts no longer or never did: it has expired, was revoked, or its owner may not"
    " use it any more.",
)
TOKEN_BROKEN = Reason(
    "milepost.access.token_broken",
    E.UNAUTHENTICATED,
    "The token is not whole: it was cut off or mistyped.",
)
TOKEN_STAYS = Reason(
    "milepost.access.token_stays",
    E.UNSUPPORTED,
    "A logout does not end a token: it counts until it expires or is revoked.",
)
NO_SESSION = Reason(
    "milepost.access.no_session",
    E.UNAUTHENTICATED,
    "The request needs a session: log in and send the header vmware-api-session-id.",
)
SESSION_UNKNOWN = Reason(
    "milepost.access.session_unknown",
    E.UNAUTHENTICATED,
    "The session is unknown or has ended: log in again.",
)
LOGIN_FAILED = Reason(
    "milepost.access.login_failed",
    E.UNAUTHENTICATED,
    "The user name or the password is wrong.",
)
LOGIN_NEEDS_BASIC = Reason(
    "milepost.access.login_needs_basic",
    E.UNAUTHENTICATED,
    "A login needs a user name and a password in the header Authorization: Basic.",
)
LOGIN_NEEDS_PASSWORD = Reason(
    "milepost.access.login_needs_password",
    E.UNAUTHENTICATED,
    "A login needs a user name and a password: in securityCtx with the schemeId {0}, or in the"
    " header Authorization: Basic.",
)
UNKNOWN_SCHEME = Reason(
    "milepost.access.unknown_scheme",
    E.UNAUTHENTICATED,
    "securityCtx.schemeId: {0} is not one of {1}.",
)
FOREIGN_ORIGIN = Reason(
    "milepost.access.foreign_origin",
    E.UNAUTHORIZED,
    "Origin: {0} is another host; a session cookie does not count for it.",
)
FOREIGN_HOST = Reason(
    "milepost.access.foreign_host",
    E.UNAUTHORIZED,
    "Host: {0} is not known as a name of this server; allowed_hosts can name it.",
)
LOGINS_BUSY = Reason(
    "milepost.access.logins_busy",
    E.RESOURCE_BUSY,
    "Too many logins are being checked at once: try again in a moment.",
)
LOGINS_LIMITED = Reason(
    "milepost.access.logins_limited",
    E.RESOURCE_BUSY,
    "Too many logins of this user or from this place have failed; try again in {0} seconds.",
)
USER_EXISTS = Reason("milepost.user.exists", E.ALREADY_EXISTS, "user: there is a user {0} already.")
USER_UNKNOWN = Reason("milepost.user.unknown", E.NOT_FOUND, "user: there is no user {0}.")
BAD_USER_NAME = Reason(
    "milepost.user.bad_name",
    E.INVALID_ARGUMENT,
    "name: {0} is not 1 to 128 characters without blanks, control characters, : / ? and #.",
)
UNKNOWN_ROLE = Reason(
    "milepost.user.unknown_role", E.INVALID_ARGUMENT, "role: {0} is not one of {1}."
)
EXTENSION_AND_ROLE = Reason(
    "milepost.user.extension_and_role",
    E.INVALID_ARGUMENT,
    "extension: {1} was given with the role {0}; the role extension needs a key, no other has one.",
)
BAD_EXTENSION_KEY = Reason(
    "milepost.user.bad_extension_key",
    E.INVALID_ARGUMENT,
    "extension: {0} is not a key like com.acme.backup, of at most 255 characters.",
)
BAD_PASSWORD = Reason(
    "milepost.user.bad_password",
    E.INVALID_ARGUMENT,
    "password: it has {0} characters; {1} to {2} are expected.",
)
LAST_ADMINISTRATOR = Reason(
    "milepost.user.last_administrator",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "user: {0} is the last administrator who can log in.",
)

# Tokens.
NO_SUCH_TOKEN = Reason("milepost.token.unknown", E.NOT_FOUND, "token: there is no token {0}.")
TOKEN_EXISTS = Reason(
    "milepost.token.exists",
    E.ALREADY_EXISTS,
    "name: {0} has a token of the name {1} already.",
)
TOO_MANY_TOKENS = Reason(
    "milepost.token.too_many",
    E.NOT_ALLOWED_IN_CURRENT_STATE,
    "user: {0} has {1} tokens already; revoke one that is not needed any more.",
)
BAD_TOKEN_NAME = Reason(
    "milepost.token.bad_name",
    E.INVALID_ARGUMENT,
    "name: {0} is not 1 to 128 characters without control characters.",
)
UNKNOWN_SCOPE = Reason(
    "milepost.token.unknown_scope", E.INVALID_ARGUMENT, "scope: {0} is not one of {1}."
)
FOREIGN_EXTENSION = Reason(
    "milepost.token.foreign_extension",
    E.INVALID_ARGUMENT,
    "extension: {0} was given; {1} has only to do with {2}.",
)

# Extensions.
ADMINISTRATORS_ONLY = Reason(
    "milepost.access.administrators_only",
    E.UNAUTHORIZED,
    "With the role {0} you may neither see nor change extensions.",
)
EXTENSION_UNKNOWN = Reason(
    "milepost.extension.unknown", E.NOT_FOUND, "extension: there is no extension {0}."
)
BAD_KEY = Reason(
    "milepost.extension.bad_key",
    E.INVALID_ARGUMENT,
    "key: {0} is not a key like com.acme.backup, of at most 255 characters.",
)
KEYS_DISAGREE = Reason(
    "milepost.extension.keys_disagree",
    E.INVALID_ARGUMENT,
    "key: {0} was given, but the path names {1}.",
)
EXTENSION_CHANGED = Reason(
    "milepost.extension.changed",
    E.CONCURRENT_CHANGE,
    "version: {0} was asked for, but the extension {1} is at version {2}.",
)
TOO_MANY_EXTENSIONS = Reason(
    "milepost.extension.too_many",
    E.INVALID_ARGUMENT,
    "extension: {0} are registered already, and that is the limit.",
)
BAD_LENGTH = Reason(
    "milepost.extension.bad_length",
    E.INVALID_ARGUMENT,
    "{0}: {1} has {2} characters; {3} are expected.",
)
REPEATED = Reason(
    "milepost.extension.repeated", E.INVALID_ARGUMENT, "{0}: {1} stands there already."
)
BAD_LOCALE = Reason(
    "milepost.extension.bad_locale",
    E.INVALID_ARGUMENT,
    "{0}: {1} is not a locale like de, pt-BR or zh-Hant-TW.",
)
BAD_CATALOGUE = Reason(
    "milepost.extension.bad_catalogue",
    E.INVALID_ARGUMENT,
    "catalogues: {0}, line {1}, message {2}: {3}.",
)
MEMBER_UNKNOWN = Reason(
    "milepost.extension.member_unknown",
    E.INVALID_ARGUMENT,
    "members: {0} is not a user with the role extension and the key {1}.",
)

# Values that do not fit.
NOT_JSON = Reason("milepost.json.not_json", E.INVALID_REQUEST, "The body is not JSON: {0}.")
NOT_A_NUMBER = Reason(
    "milepost.json.not_a_number", E.INVALID_REQUEST, "{0}: {1} is not a JSON number."
)
DUPLICATE_KEY = Reason(
    "milepost.json.duplicate_key", E.INVALID_ARGUMENT, "{0}: the member {1} is given twice."
)
LONE_SURROGATE = Reason(
    "milepost.json.lone_surrogate",
    E.INVALID_ARGUMENT,
    "{0}: the text {1} holds half of a surrogate pair.",
)
NUL_IN_TEXT = Reason(
    "milepost.json.nul_in_text", E.INVALID_ARGUMENT, "{0}: the text {1} holds a NUL character."
)
NUMBER_RANGE = Reason(
    "milepost.json.number_range",
    E.INVALID_ARGUMENT,
    "{0}: the number {1} is outside the range of {2}.",
)
TOO_DEEP = Reason(
    "milepost.value.too_deep", E.INVALID_ARGUMENT, "{0}: it is nested deeper than {1} levels."
)
TOO_LONG = Reason(
    "milepost.value.too_long", E.INVALID_ARGUMENT, "{0}: {1} {2} are more than the limit of {3}."
)
WRONG_TYPE = Reason(
    "milepost.value.wrong_type", E.INVALID_ARGUMENT, "{0}: {2} was given where {1} is expected."
)
UNKNOWN_MEMBER = Reason(
    "milepost.value.unknown_member",
    E.INVALID_ARGUMENT,
    "{0}: the member is not known (its value was {1}).",
)
MISSING_MEMBER = Reason(
    "milepost.value.missing_member", E.INVALID_ARGUMENT, "{0}: it is required and was not given."
)
ONE_OF = Reason("milepost.value.one_of", E.INVALID_ARGUMENT, "{0}: exactly one of {1} is expected.")
UNKNOWN_ENUM = Reason(
    "milepost.value.unknown_enumeration",
    E.INVALID_ARGUMENT,
    "{0}: {1} is not one of {2}.",
)
BAD_DATE_TIME = Reason(
    "milepost.value.bad_date_time",
    E.INVALID_ARGUMENT,
    "{0}: {1} is not a date and time like 2015-01-01T22:13:05.651Z.",
)
OUT_OF_BOUNDS = Reason(
    "milepost.value.out_of_bounds", E.INVALID_ARGUMENT, "{0}: {1} is not between {2} and {3}."
)
ERROR_TYPES_DISAGREE = Reason(
    "milepost.value.error_types_disagree",
    E.INVALID_ARGUMENT,
    "{0}: the error_type {1} does not belong to the type {2}.",
)
BAD_TYPE_NAME = Reason(
    "milepost.value.bad_type_name",
    E.INVALID_ARGUMENT,
    "{0}: {1} is not a dotted name like com.vmware.vapi.std.errors.not_found.",
)
UNEXPECTED_FIELD = Reason(
    "milepost.value.unexpected_field",
    E.UNEXPECTED_INPUT,
    "{0}: the structure {2} has no such field (its value was {1}).",
)
WRONG_STRUCTURE = Reason(
    "milepost.value.wrong_structure",
    E.INVALID_ARGUMENT,
    "{0}: the structure {1} was given where {2} is expected.",
)
BAD_DATA_VALUE = Reason(
    "milepost.value.bad_data_value",
    E.INVALID_REQUEST,
    "{0}: {1} is not a vAPI data value: {2}.",
)
DUPLICATE_ELEMENT = Reason(
    "milepost.value.duplicate_element",
    E.INVALID_ARGUMENT,
    "{0}: {1} is in the set twice.",
)
UNKNOWN_PARAMETER = Reason(
    "milepost.query.unknown_parameter",
    E.INVALID_ARGUMENT,
    "The query parameter {0} (value {1}) is not known here.",
)
REPEATED_PARAMETER = Reason(
    "milepost.query.repeated_parameter",
    E.INVALID_ARGUMENT,
    "The query parameter {0} is given twice; the second value is {1}.",
)
BAD_PARAMETER = Reason(
    "milepost.query.bad_parameter",
    E.INVALID_ARGUMENT,
    "The query parameter {0} is {1}; {2} is expected.",
)
MISSING_PARAMETER = Reason(
    "milepost.query.missing_parameter",
    E.INVALID_ARGUMENT,
    "The query parameter {0} is missing; {1} is expected.",
)

# JSON-RPC itself.
RPC_BATCH = Reason(
    "milepost.rpc.batch",
    E.INVALID_REQUEST,
    "{0} requests came in one body; each needs a request of its own.",
)
RPC_NOTIFICATION = Reason(
    "milepost.rpc.no_id",
    E.INVALID_REQUEST,
    "id: it is required and was not given; every request is answered.",
)
RPC_REQUEST = Reason(
    "milepost.rpc.bad_request",
    E.INVALID_REQUEST,
    "{0}: a request has {2} here, and {1} was given.",
)
RPC_METHOD = Reason(
    "milepost.rpc.no_such_method",
    E.INVALID_REQUEST,
    "method: {0} is not known; the only one is invoke.",
)
RPC_PARAMS = Reason(
    "milepost.rpc.bad_params",
    E.INVALID_REQUEST,
    "{0}: an invocation has {2} here, and {1} was given.",
)
RPC_HEADERS = Reason(
    "milepost.rpc.headers_disagree",
    E.INVALID_REQUEST,
    "The headers vapi-service and vapi-operation name {0} and {1}, the body {2} and {3}.",
)
RPC_SERVICE = Reason(
    "milepost.rpc.no_such_service", E.OPERATION_NOT_FOUND, "serviceId: there is no service {0}."
)
RPC_OPERATION = Reason(
    "milepost.rpc.no_such_operation",
    E.OPERATION_NOT_FOUND,
    "operationId: the service {1} has no operation {0}.",
)
SERVICE_UNKNOWN = Reason(
    "milepost.rpc.service_unknown", E.NOT_FOUND, "{0}: no service has the name {1}."
)
OPERATION_UNKNOWN = Reason(
    "milepost.rpc.operation_unknown",
    E.NOT_FOUND,
    "operation_id: no operation of the service {1} has the name {0}.",
)
# Watching.
BAD_POSITION = Reason(
    "milepost.watch.bad_position",
    E.INVALID_ARGUMENT,
    "{0}: {1} is not a position of the event log, which is a whole number.",
)
POSITION_AHEAD = Reason(
    "milepost.watch.position_ahead",
    E.INVALID_ARGUMENT,
    "The position {0} is ahead of the event log, which ends at {1}.",
)
POSITION_GONE = Reason(
    "milepost.watch.position_gone",
    E.RESOURCE_INACCESSIBLE,
    "Some events behind the position {0} are no longer kept; all behind {1} are."
    " Read the tasks, and watch from now on.",
)
WATCH_FILTER_TOO_LARGE = Reason(
    "milepost.watch.filter_too_large",
    E.INVALID_ARGUMENT,
    "The filters have {0} values together; {1} are allowed.",
)
TOO_MANY_WATCHERS = Reason(
    "milepost.watch.too_many",
    E.SERVICE_UNAVAILABLE,
    "{0} watch already; try again in a moment.",
)
WATCHER_TOO_SLOW = Reason(
    "milepost.watch.too_slow",
    E.RESOURCE_BUSY,
    "The reader was too slow for what is held in memory; come back with the last id.",
)

# HTTP itself.
NO_SUCH_PATH = Reason(
    "milepost.http.no_such_path", E.OPERATION_NOT_FOUND, "There is nothing at {0}."
)
NO_SUCH_METHOD = Reason(
    "milepost.http.no_such_method",
    E.INVALID_REQUEST,
    "The method {0} is not allowed here; allowed are {1}.",
)
BODY_TOO_LARGE = Reason(
    "milepost.http.body_too_large",
    E.INVALID_REQUEST,
    "The body is larger than the limit of {0} bytes.",
)
URL_TOO_LONG = Reason(
    "milepost.http.url_too_long",
    E.INVALID_REQUEST,
    "The URL is longer than the limit of {0} bytes.",
)
HEADERS_TOO_LARGE = Reason(
    "milepost.http.headers_too_large",
    E.INVALID_REQUEST,
    "The request has more than {0} headers, or more than {1} bytes of them.",
)
NO_HOST = Reason("milepost.http.no_host", E.INVALID_REQUEST, "The request has no Host header.")
BROKEN_HTTP = Reason("milepost.http.broken", E.INVALID_REQUEST, "This is not HTTP/1.1.")
REQUEST_LATE = Reason(
    "milepost.http.late", E.INVALID_REQUEST, "The request did not arrive in time."
)
TOO_MANY_CONNECTIONS = Reason(
    "milepost.http.too_many_connections",
    E.SERVICE_UNAVAILABLE,
    "{0} connections are open already; try again in a moment.",
)
WRONG_MEDIA_TYPE = Reason(
    "milepost.http.wrong_media_type",
    E.INVALID_REQUEST,
    "Content-Type: {0} was given where application/json is expected.",
)
REPEATED_HEADER = Reason(
    "milepost.http.repeated_header",
    E.INVALID_REQUEST,
    "The header {0} is given twice; the second value is {1}.",
)

# The service itself.
NOT_READY = Reason(
    "milepost.service.not_ready",
    E.SERVICE_UNAVAILABLE,
    "The service cannot take changes now.",
)
STORE_UNAVAILABLE = Reason(
    "milepost.service.unavailable",
    E.SERVICE_UNAVAILABLE,
    "The store cannot be reached now; nothing was acknowledged. Try again.",
)
TOO_BUSY = Reason(
    "milepost.service.too_busy",
    E.RESOURCE_BUSY,
    "{0} changes are waiting already; try again in a moment.",
)
STOPPING = Reason(
    "milepost.service.stopping",
    E.SERVICE_UNAVAILABLE,
    "The server stops; try again in a moment.",
)
INTERNAL_FAULT = Reason(
    "milepost.service.fault",
    E.ERROR,
    "A fault inside the service; the log has it under the request id {0}.",
)

# These are no refusals: they are the errors of tasks that the service itself has ended.
OF_ENDED_TASKS = (FORCE_CLOSED, LEASE_EXPIRED)

REASONS: dict[str, Reason] = {
    reason.id: reason for reason in list(globals().values()) if isinstance(reason, Reason)
}
