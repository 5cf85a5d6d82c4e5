"""JSON-RPC 2.0 as the official runtime speaks it: one ``invoke`` in, one answer out.

What is wrong with the request as such is an error of JSON-RPC with its code; what an operation
refuses is a result with a vAPI error in it. Which is which follows the official runtime.
"""

from __future__ import annotations

from types import NoneType
from typing import Any, NamedTuple, TypeVar

from milepost.rules import reasons
from milepost.rules.reasons import Reason, Refusal
from milepost.rules.values import ErrorName, ErrorValue, Message
from milepost.wire import interfaces
from milepost.wire.dataencoding import OUTPUTS, error_data
from milepost.wire.encoding import message_value, to_json
from milepost.wire.faults import Malformed, shown
from milepost.wire.jsontext import parse, parse_loosely
from milepost.wire.wrappers import INPUT, STRUCTURE

VERSION = "2.0"
INVOKE = "invoke"
DEEPEST = 450
"""Levels of lists and objects in a body: the deepest value within all limits takes some 420."""

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND = -32700, -32600, -32601
INVALID_PARAMS, INTERNAL_ERROR, INVALID_OPERATION = -32602, -32603, -31001
TEXTS = {
    PARSE_ERROR: "Parse error.",
    INVALID_REQUEST: "Invalid Request.",
    METHOD_NOT_FOUND: "Method not found.",
    INVALID_PARAMS: "Invalid params.",
    INTERNAL_ERROR: "Internal error.",
    INVALID_OPERATION: "Mismatching operation identifier in HTTP header and payload",
}
CODES = {
    reasons.NOT_JSON: PARSE_ERROR,
    reasons.NOT_A_NUMBER: PARSE_ERROR,
    reasons.RPC_METHOD: METHOD_NOT_FOUND,
    reasons.RPC_PARAMS: INVALID_PARAMS,
    reasons.BAD_DATA_VALUE: INVALID_PARAMS,
    reasons.RPC_HEADERS: INVALID_OPERATION,
}
# A fault of the client that has no code of its own; anything else is ours.
CLIENT_ERRORS = (
    ErrorName.INVALID_REQUEST,
    ErrorName.INVALID_ARGUMENT,
    ErrorName.UNAUTHORIZED,
    ErrorName.OPERATION_NOT_FOUND,
)
# With these nobody knows which request is meant, so the answer names none.
NAMELESS = (PARSE_ERROR, INVALID_REQUEST)

Ident = str | int | None
T = TypeVar("T")


class NotCalled(Exception):
    """A request that is no call of an operation. ``ident`` is the id to answer under."""

    def __init__(self, refusal: Refusal, ident: Ident = None) -> None:
        super().__init__(refusal.reason.id)
        self.refusal = refusal
        self.ident = ident


class Call(NamedTuple):
    """One request: which operation, with what, for whom.

    ``fault`` is what JSON itself has against the input; it is told to whoever may call at all.
    ``application`` is the application context as it came, with texts such as ``$acceptLang``.
    """

    ident: Ident
    service: str
    operation: str
    given: Any
    application: dict[str, Any]
    security: dict[str, Any]
    fault: Malformed | None = None

    @property
    def is_open(self) -> bool:
        """Whether it needs no session."""
        is_login = (self.service, self.operation) == interfaces.LOGIN
        return is_login or self.service in interfaces.OPEN_SERVICES

    def parameter(self, name: str) -> Any:
        """A parameter as it came, in an input that need not fit; ``None`` when it is not there."""
        value = self.given
        for part in (STRUCTURE, INPUT, name):
            value = value.get(part) if type(value) is dict else None
        return value


def read_call(body: bytes) -> Call:
    """The call in a body. Raises ``NotCalled``."""
    try:
        return call_of(parse(body, DEEPEST))
    except Malformed as fault:
        if CODES.get(fault.reason) == PARSE_ERROR:
            raise NotCalled(fault.refusal) from None
        if fault.path[-2:] != ["input", "params"]:
            raise NotCalled(fault.refusal) from None
        # It is JSON, and what is wrong lies within the input: whom to answer can be read.
        return call_of(parse_loosely(body, DEEPEST))._replace(fault=fault)


def call_of(request: Any) -> Call:
    """The call in a request. Raises ``NotCalled``."""
    ident = ident_of(request)
    method, params = request.get("method"), request.get("params")
    if type(method) is not str:
        raise NotCalled(bad(reasons.RPC_REQUEST, "method", "a text", method))
    if params is not None and type(params) not in (dict, list):
        raise NotCalled(bad(reasons.RPC_REQUEST, "params", "an object", params))
    if method != INVOKE:
        raise NotCalled(Refusal(reasons.RPC_METHOD, (shown(method),)), ident)
    try:
        params = taken(request, "params", dict)
        context = taken(params, "params.ctx", dict)
        return Call(
            ident,
            taken(params, "params.serviceId", str, ""),
            taken(params, "params.operationId", str, ""),
            params.get("input"),
            taken(context, "params.ctx.appCtx", dict),
            taken(context, "params.ctx.securityCtx", dict, {}),
        )
    except Malformed as fault:
        raise NotCalled(fault.refusal, ident) from None


def ident_of(request: Any) -> Ident:
    """The id of what must be a request. Raises ``NotCalled``."""
    if type(request) is list:
        raise NotCalled(Refusal(reasons.RPC_BATCH, (str(len(request)),)))
    if type(request) is not dict:
        raise NotCalled(bad(reasons.RPC_REQUEST, "body", "an object", request))
    if request.get("jsonrpc") != VERSION:
        raise NotCalled(bad(reasons.RPC_REQUEST, "jsonrpc", '"2.0"', request.get("jsonrpc")))
    if "id" not in request:
        raise NotCalled(Refusal(reasons.RPC_NOTIFICATION))
    ident: Ident = request["id"]
    if type(ident) not in (str, int, NoneType):
        raise NotCalled(bad(reasons.RPC_REQUEST, "id", "a text or a whole number", ident))
    return ident


def taken(given: dict[str, Any], path: str, kind: type[T], unset: T | None = None) -> T:
    """A member by the last part of its path. Raises ``Malformed`` when it is of another kind."""
    value = given.get(path.rpartition(".")[2])
    if value is None and unset is not None:
        return unset
    if type(value) is not kind:
        expected = "a text" if kind is str else "an object"
        raise Malformed(reasons.RPC_PARAMS, shown(value), expected).under(path)
    return value


def bad(reason: Reason, path: str, expected: str, value: Any) -> Refusal:
    return Refusal(reason, (path, shown(value), expected))


def check_headers(call: Call, service: str | None, operation: str | None) -> None:
    """Raises ``NotCalled`` when the headers name another operation than the body does."""
    if (service, operation) not in ((None, None), (call.service, call.operation)):
        named = (str(service), str(operation), call.service, call.operation)
        refusal = Refusal(reasons.RPC_HEADERS, tuple(map(reasons.shortened, named)))
        raise NotCalled(refusal, call.ident)


def encode_output(call: Call, value: Any) -> bytes:
    """The answer of an operation; ``value`` is what its output type holds."""
    output = OUTPUTS[call.service, call.operation](value)
    return to_json({"jsonrpc": VERSION, "id": call.ident, "result": {"output": output}})


def encode_error(call: Call, name: ErrorName, messages: tuple[Message, ...]) -> bytes:
    """The answer of an operation that refused."""
    error = error_data(ErrorValue(name.type_name, messages))
    return to_json({"jsonrpc": VERSION, "id": call.ident, "result": {"error": error}})


def encode_not_called(refusal: Refusal, ident: Ident = None) -> bytes:
    """The answer to what was no call; ``data`` says why, as no error of an operation would."""
    code = code_of(refusal)
    data = {
        "messages": [message_value(refusal.message, "entries")],
        "error_type": refusal.error.value,
    }
    error = {"code": code, "message": TEXTS[code], "data": data}
    shown_ident = None if code in NAMELESS else ident
    return to_json({"jsonrpc": VERSION, "id": shown_ident, "error": error})


def code_of(refusal: Refusal) -> int:
    """The code of JSON-RPC for what was no call."""
    ours = INVALID_REQUEST if refusal.error in CLIENT_ERRORS else INTERNAL_ERROR
    return CODES.get(refusal.reason, ours)
