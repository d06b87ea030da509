"""Forms as browsers and mail clients post them: urlencoded or multipart, small, and text alone."""

from email.parser import BytesParser
from email.policy import HTTP
from urllib.parse import parse_qsl

from lettermill.services.gateway.refusals import Refusal

MOST_FIELDS = 200


def form_of(body: bytes, *, content_type: str) -> dict[str, str]:
    """The fields of a form; of a name that stands twice, the last. Raises Refusal (400, 415)."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        try:
            fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS, errors="strict")
        except ValueError:
            raise Refusal(400, "no_form", "the form cannot be read") from None
        return dict(fields)
    if kind == "multipart/form-data":
        return _multipart(body, content_type)
    raise Refusal(415, "no_form", "a form is application/x-www-form-urlencoded or multipart/form-data")


def _multipart(body: bytes, content_type: str) -> dict[str, str]:
    if not content_type.isascii() or not content_type.isprintable():
        raise Refusal(400, "no_form", "the form cannot be read")
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields: dict[str, str] = {}
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes) and len(fields) < MOST_FIELDS:
            fields[name] = content.decode(errors="replace").removesuffix("\r\n")
    return fields
