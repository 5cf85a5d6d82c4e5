"""Whom to believe when the service speaks TLS, and what to say when it cannot be believed."""

from __future__ import annotations

import ssl
from pathlib import Path

from milepost.client.errors import BadCaFile

TRUST_ADVICE = (
    "If it is the right server, name a file with its certificate, or with that of its issuer,"
    " as --ca-file or MILEPOST_CA_FILE (in Python as ca_file)."
)
# By the code of OpenSSL's X509_verify_cert_error_string.
ADVICE = {
    9: "Look at the clocks of both machines.",
    10: "Renew it on the server, or set the clock of this machine.",
    62: "Use a name in the URL that the certificate has.",
    64: "Use an address in the URL that the certificate has.",
}


def trusting(ca_file: Path | str | None) -> ssl.SSLContext:
    """Trust in the certificates of a file, or in the system's. Raises ``BadCaFile``."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        raise BadCaFile(f"{ca_file}: there is no PEM certificate in it") from None
    except OSError as fault:
        raise BadCaFile(f"{ca_file}: {fault.strerror}") from None


def why_untrusted(fault: ssl.SSLCertVerificationError) -> str:
    """Why a certificate did not verify, and what to do."""
    why = fault.verify_message.rstrip(".")
    advice = ADVICE.get(fault.verify_code, TRUST_ADVICE)
    return f"the server's certificate does not verify: {why}. {advice}"


def untrusted_cause(fault: BaseException) -> ssl.SSLCertVerificationError | None:
    """The certificate that did not verify, if that is behind a fault."""
    seen: BaseException | None = fault
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None
