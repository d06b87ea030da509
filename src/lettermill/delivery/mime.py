"""A message as an e-mail of RFC 5322: the same bytes for the same message, on any machine."""

import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from lettermill.delivery.provider import Message

ENCODING = "quoted-printable"
BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""What may end a line, or is no character to be seen: nothing of it may stand in a head."""

ENCODED = re.compile(r"=(?=\?[^?]*\?[^?]*\?)")
"""The beginning of what Python's library takes for an encoded word (RFC 2047), and decodes, breaks of lines with it."""

LONGEST_LINE = 998


def mime(message: Message, *, sender: str, sender_address: str, date: datetime | None = None) -> bytes:
    """The e-mail, text before html, with the headers of a one-click unsubscription (RFC 8058).

    Message-ID and the boundary come from the message's id. `date` is when it was handed over; what is hashed or
    compared is the e-mail without it. Lines end with CR LF, as the standard has it, whatever ends them in the parts.
    Raises ValueError where an address, an id or the link could end a line of the head, or a line is above 998 bytes.
    """
    if any(BREAKS.search(told) for told in (message.address, message.message_id, message.unsubscribe_url)):
        raise ValueError("an address, an id or a link that breaks a line")
    policy = SMTP.clone(utf8=not message.address.isascii())  # an address of other letters needs SMTPUTF8
    mail = EmailMessage(policy=policy)
    mail["From"] = _address(sender_address, name=one_line(sender))
    mail["To"] = _address(message.address)
    mail["Subject"] = one_line(message.subject)
    mail.set_content(message.text, cte=ENCODING)
    mail.add_alternative(message.html, subtype="html", cte=ENCODING)
    mail.set_boundary(_boundary(message.message_id))
    ids = {
        "Message-ID": f"<{message.message_id}@{sender_address.rpartition('@')[2]}>",
        "List-Unsubscribe": f"<{message.unsubscribe_url}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    dated = {"Date": format_datetime(date)} if date is not None else {}
    # Python's library would break these into encoded words where they are long, which no provider reads as an address.
    head = "".join(f"{name}: {value}\r\n" for name, value in (dated | ids).items())
    whole = head.encode() + mail.as_bytes()
    if max(map(len, whole.partition(b"\r\n\r\n")[0].split(b"\r\n"))) > LONGEST_LINE:
        raise ValueError(f"a line of its head is above {LONGEST_LINE} bytes")
    return whole


def one_line(text: str) -> str:
    """A text as it may stand in a head: what breaks lines is a space, so that it stays words and adds no header.

    So does a text that would be read as encoded: it is not, after a space.
    """
    return ENCODED.sub("= ", BREAKS.sub(" ", text))


def _address(address: str, *, name: str = "") -> Address:
    user, _, domain = address.rpartition("@")
    return Address(name, user, domain)


def _boundary(message_id: str) -> str:
    """A line that no part can have: quoted-printable never leaves `=_` as it is."""
    return f"=_{sha256(message_id.encode()).hexdigest()[:32]}"
